use alloc::string::{String, ToString};

/// The owner of an account: the names that an app shows above the code.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) issuer: Option<String>,
    /// The prefix of the label, if it names another issuer.
    pub(super) prefix: Option<String>,
    pub(super) account: String,
}

impl Label {
    /// The maximum length in bytes of an account, an issuer or an image's address. Email addresses have at most 254.
    pub(super) const MAX_LEN: usize = 255;

    /// Splits a decoded label into the account and an optional issuer with a colon before it.
    ///
    /// If the issuer is also a parameter and the label begins with it, this decides which of several colons separates
    /// the two. Returns `None` if a part is too long. A label may name nothing.
    pub(super) fn read(label: &str, issuer: Option<&str>) -> Option<Self> {
        let mut issuer = issuer.map(|issuer| issuer.trim_matches(' ')).filter(|issuer| !issuer.is_empty());
        let after_issuer = issuer.and_then(|issuer| label.strip_prefix(issuer)?.strip_prefix(':'));
        let label = after_issuer.unwrap_or(label).trim_start_matches([' ', ':']).trim_end_matches(' ');
        let (mut prefix, account) = match label.split_once(':') {
            Some((prefix, account)) if after_issuer.is_none() => {
                (Some(prefix.trim_end_matches(' ')), account.trim_start_matches([' ', ':']))
            }
            _ => (None, label),
        };
        // Forms write a plus sign for a space, but a URI also uses it for itself. The prefix shows which one is meant.
        let same = |prefix: &str, issuer: &str| prefix == issuer || prefix == issuer.replace('+', " ");
        if let Some(said) = prefix
            && issuer.is_none_or(|issuer| same(said, issuer))
        {
            issuer = prefix.take();
        }
        let fits = |text: &str| text.len() <= Self::MAX_LEN;
        (fits(account) && issuer.is_none_or(fits) && prefix.is_none_or(fits)).then(|| Self {
            issuer: issuer.map(ToString::to_string),
            prefix: prefix.map(ToString::to_string),
            account: account.to_string(),
        })
    }
}

/// Checks that a name can be written as an account or an issuer, and returns it without the spaces around it.
///
/// Returns the byte position of the error otherwise.
pub(super) fn writable(name: &str) -> Result<&str, usize> {
    match name.find(|c: char| c == ':' || c.is_control()) {
        Some(position) => Err(position),
        None if name.len() > Label::MAX_LEN => Err(Label::MAX_LEN),
        None if name.trim_matches(' ').is_empty() => Err(0),
        None => Ok(name.trim_matches(' ')),
    }
}
