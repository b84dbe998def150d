use secondo::AuthenticatorNumber;

#[cfg(feature = "push")]
use super::app::App;
use super::codes::Codes;
use super::otp::Otp;
use super::person::Attempt;
use super::sent::Number;
use super::setup::Setup;
use super::token::Token;

/// The model's authenticator.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) number: u32,
    pub(super) standing: Standing,
    pub(super) name: String,
    pub(super) added: u64,
    pub(super) last_used: Option<u64>,
    pub(super) factor: Factor,
}

#[derive(Clone, Debug)]
pub(super) enum Factor {
    Otp(Otp),
    Number(Number),
    Token(Token),
    Codes(Codes),
    /// Its data is this byte, repeated.
    External(u8),
    #[cfg(feature = "push")]
    App(App),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Standing {
    Unconfirmed { login: u8, expires: u64, failures: u8, is_first: bool, is_coded: bool },
    Active,
    Suspended,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Purpose {
    Login,
    Confirmation,
    Resynchronization,
    Recovery,
    Signature,
    #[cfg(feature = "push")]
    Poll,
}

/// The result of a comparison of codes with one authenticator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Found {
    Malformed,
    /// All steps are used, or none has begun. It is right if the codes are those of used steps.
    ClockBehind {
        is_right: bool,
    },
    /// No code was sent in the transaction.
    NotSent,
    /// The code that was sent in the transaction has expired.
    Expired,
    Nowhere,
    Used,
    /// The counter or step of the last code, and the number of steps that it is ahead.
    Fresh(i128, i64),
}

impl Found {
    /// Returns a rank of the reasons why nothing was compared, of which the highest stands for the account.
    pub(super) fn telling(self) -> u8 {
        match self {
            Self::NotSent => 1,
            Self::Malformed => 2,
            _ => 3,
        }
    }

    /// Returns the label of the refusal, if nothing was compared.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Malformed => "malformed",
            Self::Expired => "expired",
            Self::ClockBehind { .. } => "clock_behind",
            Self::Nowhere | Self::Used | Self::Fresh(..) => unreachable!("it was compared"),
        }
    }
}

impl Device {
    /// Creates an active device without a number.
    pub(super) fn new(factor: Factor, name: &str, now: u64) -> Self {
        Self { number: 0, standing: Standing::Active, name: name.into(), added: now, last_used: None, factor }
    }

    pub(super) fn number(&self) -> AuthenticatorNumber {
        AuthenticatorNumber::new(self.number)
    }

    pub(super) fn is_confirmed(&self) -> bool {
        !matches!(self.standing, Standing::Unconfirmed { .. })
    }

    /// Returns `false` if its enrollment has expired.
    pub(super) fn lives(&self, now: u64) -> bool {
        match self.standing {
            Standing::Unconfirmed { expires, .. } => now < expires,
            Standing::Active | Standing::Suspended => true,
        }
    }

    pub(super) fn otp(&self) -> Option<&Otp> {
        if let Factor::Otp(otp) = &self.factor { Some(otp) } else { None }
    }

    pub(super) fn codes(&mut self) -> Option<&mut Codes> {
        if let Factor::Codes(codes) = &mut self.factor { Some(codes) } else { None }
    }

    /// Returns `true` if answers of this purpose are compared with it.
    pub(super) fn takes(&self, purpose: Purpose) -> bool {
        match &self.factor {
            Factor::Otp(_) => true,
            Factor::Number(_) | Factor::Token(_) => purpose != Purpose::Resynchronization,
            Factor::Codes(_) | Factor::External(_) => false,
            #[cfg(feature = "push")]
            Factor::App(_) => false,
        }
    }

    /// Returns the time in which a new one must be confirmed, or `None` if it need not be.
    pub(super) fn confirmation_secs(&self, setup: &Setup) -> Option<u64> {
        match &self.factor {
            Factor::Codes(_) | Factor::External(_) => None,
            #[cfg(feature = "push")]
            Factor::App(_) => Some(setup.enrollment_secs.min(600)),
            _ => Some(setup.enrollment_secs),
        }
    }

    pub(super) fn can_be_last(&self) -> bool {
        !matches!(self.factor, Factor::Codes(_))
    }

    pub(super) fn right_codes(&self, setup: &Setup) -> u32 {
        match &self.factor {
            Factor::Otp(otp) => otp.right_codes(setup),
            Factor::Number(_) => 1,
            Factor::Token(token) => token.right_codes(setup),
            Factor::Codes(_) | Factor::External(_) => 0,
            #[cfg(feature = "push")]
            Factor::App(_) => 0,
        }
    }

    /// Returns a length that it never exceeds in the account.
    pub(super) fn most_bytes(&self) -> usize {
        let of_kind = match &self.factor {
            Factor::Otp(_) | Factor::External(_) => 180,
            Factor::Number(_) | Factor::Token(_) | Factor::Codes(_) => 250,
            #[cfg(feature = "push")]
            Factor::App(_) => 310,
        };
        of_kind + self.name.len()
    }

    pub(super) fn shares_secret(&self, other: &Self) -> bool {
        match (&self.factor, &other.factor) {
            (Factor::Otp(a), Factor::Otp(b)) => a.seed == b.seed,
            (Factor::Number(a), Factor::Number(b)) => a.seed == b.seed,
            (Factor::Token(a), Factor::Token(b)) => a.card.seed == b.card.seed,
            (Factor::Otp(otp), Factor::Token(token)) | (Factor::Token(token), Factor::Otp(otp)) => {
                otp.seed == token.card.seed
            }
            (Factor::External(a), Factor::External(b)) => a == b,
            _ => false,
        }
    }

    pub(super) fn compare(&self, setup: &Setup, attempt: &Attempt<'_>) -> Found {
        match &self.factor {
            Factor::Otp(otp) => otp.compare(setup, attempt.purpose, attempt.texts, attempt.now),
            Factor::Number(number) => number.compare(setup, attempt),
            Factor::Token(token) => token.compare(setup, attempt),
            Factor::Codes(_) | Factor::External(_) => unreachable!("no answer is compared with it"),
            #[cfg(feature = "push")]
            Factor::App(_) => unreachable!("no answer is compared with it"),
        }
    }

    pub(super) fn accept(&mut self, setup: &Setup, attempt: &Attempt<'_>, last: i128, drift: i64) {
        self.last_used = Some(attempt.now);
        match &mut self.factor {
            Factor::Otp(otp) => otp.accept(setup, attempt.purpose, last, drift),
            Factor::Token(token) => token.accept(last),
            _ => {}
        }
    }

    /// Ends the questions of a transaction that has succeeded.
    pub(super) fn end_questions(&mut self, login: u8) {
        match &mut self.factor {
            Factor::Number(number) => number.sent.retain(|sent| sent.login != login),
            Factor::Token(token) => token.asked.retain(|asked| asked.login != login),
            #[cfg(feature = "push")]
            Factor::App(app) => app.end_questions(login),
            _ => {}
        }
    }
}
