//! The people of the simulation, with what they carry.

use rand::RngExt;
use rand::rngs::SmallRng;
use secondo::factor::{Destination, Kind, RecoveryCodes};
use secondo::push::device::{Device, Unlock};
use secondo::push::{Activation, Notification, SoftwareKey};
use secondo::{AccountId, AuthenticatorNumber, State, Transaction, UnixTime, Verifier};

use crate::call::{DESK, Reaction, Reply};
use crate::store::Connection;
use crate::token::{ChallengeToken, Clock, Token};

pub(crate) struct Person {
    pub(crate) id: AccountId,
    pub(crate) phones: Vec<Clock>,
    pub(crate) clock_token: Option<Clock>,
    pub(crate) token: Option<Token>,
    pub(crate) challenge_token: Option<ChallengeToken>,
    pub(crate) number_of_sms: AuthenticatorNumber,
    /// The number to which messages are sent.
    pub(crate) phone_number: String,
    pub(crate) number_of_app: AuthenticatorNumber,
    app: Device<SoftwareKey>,
    /// The last answer of the app, which somebody may have seen.
    pub(crate) answered: Reply,
    /// The recovery codes on paper.
    pub(crate) codes: Vec<String>,
    /// `true` if somebody else knows the password.
    pub(crate) is_attacked: bool,
    /// The code that was accepted last, which somebody may have seen.
    pub(crate) seen: String,
}

impl Person {
    /// Returns all authenticators by time.
    pub(crate) fn clocks(&self) -> impl Iterator<Item = &Clock> {
        self.phones.iter().chain(&self.clock_token)
    }

    /// Enrolls a person with one or two phones, a number for SMS codes, an app and recovery codes. Some have a token.
    pub(crate) async fn enroll(
        verifier: &Verifier<Connection<0>>,
        place: usize,
        now: UnixTime,
        rng: &mut SmallRng,
    ) -> Self {
        let id = AccountId::new(&format!("person-{place}")).unwrap();
        let phones: Vec<_> = (1..=1 + u32::from(rng.random_bool(0.3)))
            .map(|number| Clock::new(AuthenticatorNumber::new(number), 6, rng.random()))
            .collect();
        let mut new: Vec<_> = phones.iter().map(|phone| (phone.authenticator(), State::new().confirmed())).collect();
        let number = AuthenticatorNumber::new(1 + u32::try_from(phones.len()).unwrap());
        let token = matches!(place, 2 | 3).then(|| Token::new(number, rng.random()));
        new.extend(token.iter().map(|token| (token.authenticator(), State::new().confirmed())));
        let mut clock_token = matches!(place, 6 | 7).then(|| Clock::new(number, 8, rng.random()));
        if let Some(token) = &mut clock_token {
            token.set_right(now.as_secs(), rng);
        }
        new.extend(clock_token.iter().map(|token| (token.authenticator(), State::new().confirmed())));
        let challenge_token = matches!(place, 4 | 5).then(|| ChallengeToken::new(number, rng.random()));
        new.extend(challenge_token.iter().map(|token| (token.authenticator(), State::new().confirmed())));
        // Three people share a number.
        let owner = if matches!(place, 5 | 7) { 3 } else { place };
        let phone_number = format!("+3934712345{owner:02}");
        new.push((Destination::sms(&phone_number).unwrap().into(), State::new().confirmed()));
        verifier.import(&id, &new, DESK, now).await.unwrap();

        let login = Transaction::new(&rng.random::<[u8; 16]>()).unwrap();
        let codes = RecoveryCodes::long(&rng.random());
        verifier.enroll(&id, &login, &codes, now).await.unwrap();
        let activation = Activation::new(&id, "idp.example.it", "person", &rng.random()).unwrap();
        verifier.enroll(&id, &login, &activation, now).await.unwrap();
        let (app, answer) =
            Device::activate(&activation, SoftwareKey::from_bytes(&rng.random()).unwrap(), None).unwrap();
        let number_of_app = verifier.activate_push(&id, &answer, now).await.unwrap();
        verifier.confirm(&id, &login, number_of_app, app.confirmation_code().as_str(), now).await.unwrap();

        let view = verifier.view(&id, now).await.unwrap();
        let sms = view.authenticators.iter().find(|authenticator| authenticator.kind == Kind::Sms).unwrap();
        Self {
            id,
            phones,
            clock_token,
            token,
            challenge_token,
            number_of_sms: sms.number,
            phone_number,
            number_of_app,
            app,
            answered: Reply { text: String::new(), session: [0; 16], reaction: Reaction::Deny },
            codes: codes.texts().map(|text| text.as_str().to_owned()).collect(),
            is_attacked: place % 2 == 1,
            seen: "000000".into(),
        }
    }

    /// Returns the answer of the app to a message, after the person has typed this number.
    pub(crate) fn approve(&mut self, sent: &Notification, number: &str, now: UnixTime) -> String {
        let challenge = self.app.read(&sent.message, now).unwrap();
        self.app.accept(&challenge, number, Unlock::Biometrics { is_recognized: true }, now).unwrap()
    }

    /// Returns the right answer to a message, with the signature of another one.
    pub(crate) fn forge(&mut self, sent: &Notification, other: &str, now: UnixTime) -> String {
        const LAST: &str = "\"signature\"";

        let right = self.approve(sent, &sent.number, now);
        right.split(LAST).next().unwrap().to_owned() + &other[other.find(LAST).unwrap()..]
    }

    /// Returns the answer of the app to a message that the person does not expect.
    pub(crate) fn deny(&self, sent: &Notification, is_reported: bool, now: UnixTime) -> String {
        let challenge = self.app.read(&sent.message, now).unwrap();
        if is_reported { self.app.not_me(&challenge, now).unwrap() } else { self.app.deny(&challenge, now).unwrap() }
    }
}
