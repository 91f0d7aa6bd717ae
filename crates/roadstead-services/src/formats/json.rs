//! Any JSON, read once: bounded in depth, no key twice, texts borrowed where they can be.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use roadstead_model::{BadTime, BadValue, Timestamp, Value};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::entry::short;
use super::{FormatError, MOST_ENTRIES, MOST_ITEMS, time};

/// No format here is nested deeper.
const DEEPEST: usize = 8;
/// Up to so many keys are compared with each other; more go into a set.
const FEW_KEYS: usize = 16;

/// A JSON text's tree. CBOR is read into the same one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Flag(bool),
    /// The number, and the same one whole if it is.
    Number(f64, Option<i64>),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl Node<'_> {
    /// The value that a number, flag or text is; `None` for anything else.
    pub(super) fn value(&self) -> Option<Result<Value, BadValue>> {
        match self {
            Node::Number(number, _) => Some(Value::number(*number)),
            Node::Flag(flag) => Some(Ok(Value::Flag(*flag))),
            Node::Text(text) => Some(Value::text(text)),
            Node::Null | Node::List(_) | Node::Object(_) => None,
        }
    }

    /// The instant that a text or number is.
    pub(super) fn time(&self) -> Result<Timestamp, BadTime> {
        match self {
            Node::Text(text) => time::rfc3339(text),
            Node::Number(_, Some(whole)) => time::by_magnitude(*whole),
            Node::Number(number, None) => time::by_magnitude_with_fraction(*number),
            Node::Null | Node::Flag(_) | Node::List(_) | Node::Object(_) => Err(BadTime),
        }
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Node::Text(text) = self { Some(text) } else { None }
    }
}

/// What serde's errors cannot carry, and how many items were read.
#[derive(Default)]
struct Trouble {
    noted: RefCell<Option<FormatError>>,
    items: Cell<usize>,
}

impl Trouble {
    fn note<E: Error>(&self, trouble: FormatError) -> E {
        let error = E::custom(&trouble);
        self.noted.borrow_mut().get_or_insert(trouble);
        error
    }
}

/// Reads a JSON text.
pub(super) fn read(body: &[u8]) -> Result<Node<'_>, FormatError> {
    let trouble = Trouble::default();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = Seed { depth: 0, trouble: &trouble }.deserialize(&mut reader);
    let read = read.and_then(|node| reader.end().map(|()| node));
    read.map_err(|error| trouble.noted.borrow_mut().take().unwrap_or_else(|| explain(body, &error)))
}

/// Says what serde's error means, and calls NaN and infinities by their names.
fn explain(body: &[u8], error: &serde_json::Error) -> FormatError {
    let detail = error.to_string();
    if detail.starts_with("number out of range") {
        return BadValue::Infinite.into();
    }
    match word_at(body, error.line(), error.column()).as_str() {
        "nan" => BadValue::NotANumber.into(),
        "inf" | "infinity" => BadValue::Infinite.into(),
        _ => FormatError::Unreadable { expected: "JSON", detail },
    }
}

/// The word in lower case around a line and column, both counted from 1.
fn word_at(body: &[u8], line: usize, column: usize) -> String {
    let line = body.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let (before, after) = line.split_at(column.saturating_sub(1).min(line.len()));
    let first = before.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let after = after.strip_prefix(b"-").unwrap_or(after);
    let letters =
        before[first..].iter().chain(after.iter().take_while(|b| b.is_ascii_alphabetic()));
    letters.take(9).map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

#[derive(Clone, Copy)]
struct Seed<'t> {
    depth: usize,
    trouble: &'t Trouble,
}

impl Seed<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let deeper = Self { depth: self.depth + 1, ..self };
        let fits = deeper.depth <= DEEPEST;
        if fits {
            Ok(deeper)
        } else {
            Err(self.trouble.note(FormatError::TooDeep { limit: DEEPEST }))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Node<'de>, D::Error> {
        let items = self.trouble.items.get() + 1;
        self.trouble.items.set(items);
        if items > MOST_ITEMS {
            return Err(self.trouble.note(FormatError::TooMany { limit: MOST_ENTRIES }));
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node<'de>, E> {
        Ok(Node::Flag(flag))
    }

    #[expect(clippy::cast_precision_loss, reason = "a value is a double; the whole number stays")]
    fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number as f64, Some(number)))
    }

    #[expect(clippy::cast_precision_loss, reason = "a value is a double; the whole number stays")]
    fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number as f64, i64::try_from(number).ok()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number, None))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let seed = self.deeper()?;
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(seed)? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let seed = self.deeper()?;
        let mut fields = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            fields.push((key, map.next_value_seed(seed)?));
        }
        match repeated(&fields) {
            Some(key) => Err(self.trouble.note(FormatError::RepeatedKey(short(key).into()))),
            None => Ok(Node::Object(fields)),
        }
    }
}

/// Finds a key that stands twice.
pub(super) fn repeated<'f>(fields: &'f [(Cow<'_, str>, Node<'_>)]) -> Option<&'f str> {
    let keys = || fields.iter().map(|(key, _)| key.as_ref());
    if fields.len() <= FEW_KEYS {
        return keys()
            .enumerate()
            .find(|(at, key)| keys().take(*at).any(|k| k == *key))
            .map(|k| k.1);
    }
    let mut seen = HashSet::with_capacity(fields.len());
    keys().find(|key| !seen.insert(*key))
}

/// A key, borrowed where it can be.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        reader: D,
    ) -> Result<Cow<'de, str>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
