use super::outcome::{Accepted, NewBrowser, Remembered};
use super::swap::{Step, Swapped};
use super::{Verifier, VerifierError};
use crate::account::Record;
use crate::audit::{Action, Event};
use crate::decision::Refusal;
use crate::factor::{Browser, BrowserDays, Presented, Token};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AccountId, DisplayName, UnixTime};

#[cfg(doc)]
use crate::account::AccountError;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Remembers the browser of a login with a second factor, and returns the token for its cookie.
    ///
    /// `name` is for the subscriber's own pages, for example "Firefox on Linux". `random` are bytes of the provider's
    /// random number generator. The browser is remembered for this number of days, however often it is used. An account
    /// remembers eight browsers: the least recently used one gives way to a ninth ([`NewBrowser::replaced`]), or to an
    /// authenticator for which the account would have no room.
    ///
    /// Set the cookie with the attributes `Secure`, `HttpOnly` and `SameSite`, for the provider's own host only. If the
    /// subscriber's password changes or a device is stolen, [revoke](Self::revoke) the browsers that
    /// [`Self::view`] lists.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// # pollster::block_on(async {
    /// use secondo::factor::BrowserDays;
    /// use secondo::types::DisplayName;
    /// # use secondo::audit::Operator;
    /// # use secondo::store::Memory;
    /// # use secondo::{AccountId, Algorithm, Authenticator, Policy, Secret, State};
    /// # use secondo::{Totp, Transaction, UnixTime, Verifier};
    /// # let verifier = Verifier::unsealed(Memory::new(), Policy::default());
    /// # let maria = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
    /// # let secret = Secret::from_bytes(b"12345678901234567890")?;
    /// # let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    /// # let (login, now) = (Transaction::new(&[2; 16])?, UnixTime::from_secs(1_111_111_111)?);
    /// # let desk = Operator::new("desk", "example");
    /// # verifier.import(&maria, &[(phone.into(), State::new().confirmed())], desk, now).await?;
    /// # let (random, more_random) = ([1; 32], [2; 32]);
    ///
    /// let accepted = verifier.verify(&maria, &login, "050471", now).await?;
    /// let name = DisplayName::new("Firefox on Linux")?;
    /// let browser = verifier.remember(&accepted, name, BrowserDays::new(30)?, &random, now).await?;
    /// let cookie = browser.token.as_str(); // 43 characters of base64url
    ///
    /// // At a later visit, the browser gets a new token.
    /// let known = verifier.recall(&maria, cookie, &more_random, now).await?;
    /// assert_eq!(known.browser(), browser.number);
    /// assert!(known.token().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Account`] with [`AccountError::Full`] if the account has no room for the browser, or
    ///   with [`AccountError::SecretInUse`] if the random bytes were used before.
    /// - Returns [`VerifierError::Refused`] if the account is suspended or closed.
    /// - Returns the other errors of [`Self::enroll`] that are outages.
    pub async fn remember(
        &self,
        login: &Accepted,
        name: DisplayName,
        days: BrowserDays,
        random: &[u8; 32],
        now: UnixTime,
    ) -> Result<NewBrowser, VerifierError<S::Error>> {
        let (id, token) = (login.account(), Token::new(random));
        let browser = Browser::new(&token, days, now);
        let remembered = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            if account.is_suspended() {
                return Err(VerifierError::Refused(Refusal::Suspended));
            }
            let added = account.remember(browser, name, &self.policy, now).map_err(VerifierError::Account)?;
            Ok(Step::Store(added, Record::Account(account)))
        });
        let remembered = remembered.await;
        let number = remembered.as_ref().ok().map(|Swapped { outcome: (number, _), .. }| *number);
        let event = Event { authenticator: number, ..Event::new(Action::Remember, id, now) };
        let (number, replaced) = self.report(event, remembered)?;
        Ok(NewBrowser { number, token: token.into_text(), expires: browser.expires, replaced })
    }

    /// Recognizes a browser by the token of its cookie, and replaces the token. It is not a login.
    ///
    /// A remembered browser takes the place of no factor, and has no [level](crate::assurance::level). A provider can
    /// use it, for example, to warn the subscriber of logins from other browsers.
    ///
    /// The new token ([`Remembered::token`]) is made of `random`, and belongs in the cookie. For 60 seconds, the old
    /// token is recognized as well, because another tab may have sent it, and the new one is not replaced. After that,
    /// the old token is unknown, like every one before it. So a copied cookie works until the browser is used again. If
    /// the copy is used first, the browser is no longer recognized. An unknown token is no proof of a copy: a browser
    /// that did not receive an answer still has its old token.
    ///
    /// A token has 256 random bits, so that a wrong one neither counts as a failure nor changes the account. A lock of
    /// the account does not matter.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Account`] with [`AccountError::UnknownBrowser`] if no browser of the account has this
    ///   token, or with [`AccountError::BrowserExpired`] if its days have passed. The cookie can be deleted.
    /// - Returns [`VerifierError::Refused`] if the account or the browser is suspended, or if the account is closed.
    /// - Returns the other errors of [`Self::view`], or [`VerifierError::Contended`] if other writers keep changing the
    ///   account.
    pub async fn recall(
        &self,
        id: &AccountId,
        token: &str,
        random: &[u8; 32],
        now: UnixTime,
    ) -> Result<Remembered, VerifierError<S::Error>> {
        let (presented, next) = (Presented::new(token), Token::new(random));
        let recalled = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let recalled = account.recall(presented.as_ref(), &next, now);
            let recalled = recalled.map_err(|refused| VerifierError::of(refused, id))?;
            let is_replaced = recalled.is_replaced;
            Ok(if is_replaced { Step::Store(recalled, Record::Account(account)) } else { Step::Keep(recalled) })
        });
        let recalled = recalled.await;
        let number = recalled.as_ref().ok().map(|recalled| recalled.outcome.number);
        let event = Event { authenticator: number, ..Event::new(Action::Recall, id, now) };
        let recalled = self.report(event, recalled)?;
        let token = recalled.is_replaced.then(|| next.into_text());
        Ok(Remembered { id: *id, browser: recalled.number, expires: recalled.expires, token })
    }
}
