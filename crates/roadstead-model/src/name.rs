//! What people call a thing, and where they can be written to.

use std::fmt;
use std::str::FromStr;

const LONGEST: usize = 64;

/// A name: 1 to 64 characters that fit into a topic level, a path and a file name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let length = text.chars().count();
        if length == 0 || length > LONGEST {
            return Err(BadName::Length);
        }
        if let Some(odd) = text.chars().find(|c| !may_stand_in_a_name(*c)) {
            return Err(BadName::Character(odd.escape_default().to_string()));
        }
        if text.trim() != text || text.starts_with('$') || matches!(text, "." | ".." | "me") {
            return Err(BadName::Reserved);
        }
        if looks_like_an_id(text) { Err(BadName::Reserved) } else { Ok(Self(text.into())) }
    }
}

/// Letters and digits of any script, space, and the marks that no topic, path or shell minds.
fn may_stand_in_a_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ':' | '(' | ')' | '°' | '%' | '@')
}

/// A name must not be mistaken for an id: neither digits alone nor the text form.
fn looks_like_an_id(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let text_form = text.len() == 17 && text.as_bytes()[3] == b'_' && text.is_ascii();
    digits || text_form
}

/// Why a text is no name, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Empty or too long.
    #[error("a name has 1 to 64 characters")]
    Length,
    /// A character that names cannot have.
    #[error("a name has letters, digits, spaces and - _ . : ( ) ° % @, but not `{0}`")]
    Character(String),
    /// A text that means something else.
    #[error("a name cannot begin or end with a space, begin with `$`, be `me`, or look like an id")]
    Reserved,
}

/// An e-mail address, kept in lower case: `a@b` with no white space. Delivery is its only proof.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(Box<str>);

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        if text.len() > 254 {
            return Err(BadName::Length);
        }
        let odd =
            text.chars().find(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(*c));
        if let Some(odd) = odd {
            return Err(BadName::Character(odd.escape_default().to_string()));
        }
        match text.rsplit_once('@') {
            Some((local, host))
                if !local.is_empty() && !host.is_empty() && !local.contains('@') =>
            {
                Ok(Self(text.to_lowercase().into()))
            }
            _ => Err(BadName::Reserved),
        }
    }
}

macro_rules! reads_and_writes_as_text {
    ($($type:ident)*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

reads_and_writes_as_text! { Name Email }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_one_topic_level() {
        for bad in
            ["", "a/b", "a+b", "#", "a\0", "$SYS", " a", "me", "dev_0123456789abc", "42", "a\nb"]
        {
            assert!(bad.parse::<Name>().is_err(), "{bad:?} must be refused");
        }
        for good in ["pump-7", "Büro 2.04", "temp_1", "温度", "AC power (W)"] {
            assert!(good.parse::<Name>().is_ok(), "{good:?} must be taken");
        }
    }

    #[test]
    fn an_email_is_compared_without_case() {
        assert_eq!("Ada@Example.org".parse::<Email>(), "ada@example.org".parse());
        assert!("nobody".parse::<Email>().is_err());
        assert!("a b@c".parse::<Email>().is_err());
    }
}
