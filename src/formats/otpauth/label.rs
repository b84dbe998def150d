use alloc::string::{String, ToString};

/// Whom an account belongs to: what an app shows above the code.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) issuer: Option<String>,
    /// The prefix of the label, where it says another issuer.
    pub(super) prefix: Option<String>,
    pub(super) account: String,
}

impl Label {
    /// The most bytes of an account, an issuer or an image's address. A mail address has at most 254.
    pub(super) const MAX_LEN: usize = 255;

    /// Takes a decoded label apart: an account with or without an issuer and a colon before it. Where the issuer is
    /// known otherwise and the label begins with it, that tells which colon of several separates the two.
    ///
    /// `None` if it names nothing, or if a part is too long.
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
        // Forms encode a space as a plus sign, which is a plus sign in a URI: here the prefix tells which it is.
        let same = |prefix: &str, issuer: &str| prefix == issuer || prefix == issuer.replace('+', " ");
        if let Some(said) = prefix
            && issuer.is_none_or(|issuer| same(said, issuer))
        {
            issuer = prefix.take();
        }
        let fits = |text: &str| text.len() <= Self::MAX_LEN;
        let named = issuer.is_some() || !account.is_empty();
        (named && fits(account) && issuer.is_none_or(fits) && prefix.is_none_or(fits)).then(|| Self {
            issuer: issuer.map(ToString::to_string),
            prefix: prefix.map(ToString::to_string),
            account: account.to_string(),
        })
    }
}

/// The name without spaces around it if it can be an account or an issuer in what we write, or else the position of what
/// keeps it from that.
pub(super) fn writable(name: &str) -> Result<&str, usize> {
    match name.find(|c: char| c == ':' || c.is_control()) {
        Some(position) => Err(position),
        None if name.len() > Label::MAX_LEN => Err(Label::MAX_LEN),
        None if name.trim_matches(' ').is_empty() => Err(0),
        None => Ok(name.trim_matches(' ')),
    }
}
