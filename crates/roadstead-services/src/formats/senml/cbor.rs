//! SenML as CBOR: the same records with small numbers for labels (RFC 8428, section 6).

use std::borrow::Cow;

use ciborium::Value;

use super::super::entry::short;
use super::super::json::{Node, repeated};
use super::super::{FormatError, MOST_ENTRIES, MOST_ITEMS};

/// A pack is a list of flat maps: three deep, and a tag or two.
const DEEPEST: usize = 8;

/// The label with this number.
const fn label(number: i128) -> Option<&'static str> {
    Some(match number {
        -1 => "bver",
        -2 => "bn",
        -3 => "bt",
        -4 => "bu",
        -5 => "bv",
        -6 => "bs",
        0 => "n",
        1 => "u",
        2 => "v",
        3 => "vs",
        4 => "vb",
        5 => "s",
        6 => "t",
        7 => "ut",
        8 => "vd",
        _ => return None,
    })
}

/// Reads a pack into the same tree that JSON is read into.
pub(in super::super) fn read(body: &[u8]) -> Result<Node<'static>, FormatError> {
    if items(body) > MOST_ITEMS {
        return Err(FormatError::TooMany { limit: MOST_ENTRIES });
    }
    let mut rest = body;
    let read = ciborium::de::from_reader_with_recursion_limit::<Value, _>(&mut rest, DEEPEST);
    let value = read.map_err(|error| match error {
        ciborium::de::Error::RecursionLimitExceeded => FormatError::TooDeep { limit: DEEPEST },
        ciborium::de::Error::Syntax(at) => unreadable(format!("broken at byte {at}")),
        ciborium::de::Error::Io(_) => unreadable("it ends too early".to_owned()),
        ciborium::de::Error::Semantic(_, why) => unreadable(why),
    })?;
    if rest.is_empty() {
        node(value)
    } else {
        Err(unreadable("something follows the pack".to_owned()))
    }
}

/// Counts items by their heads, before any of them takes memory; stops where a body is broken.
fn items(body: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some(head) = body.get(at) {
        let width = match head & 31 {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => 0,
        };
        let Some(argument) = body.get(at + 1..at + 1 + width) else { break };
        let argument = match width {
            0 => usize::from(head & 31),
            _ => {
                argument.iter().fold(0, |sum: usize, byte| sum.wrapping_shl(8) | usize::from(*byte))
            }
        };
        let is_string = matches!(head >> 5, 2 | 3) && head & 31 != 31;
        let content = if is_string { argument } else { 0 };
        at = (at + 1 + width).saturating_add(content);
        count += 1;
    }
    count
}

const fn unreadable(detail: String) -> FormatError {
    FormatError::Unreadable { expected: "CBOR", detail }
}

fn node(value: Value) -> Result<Node<'static>, FormatError> {
    Ok(match value {
        Value::Bool(flag) => Node::Flag(flag),
        Value::Text(text) => Node::Text(Cow::Owned(text)),
        Value::Float(number) => Node::Number(number, None),
        Value::Integer(number) => whole(number.into()),
        Value::Array(list) => Node::List(list.into_iter().map(node).collect::<Result<_, _>>()?),
        Value::Map(map) => object(map)?,
        // Bytes stand only in `vd`, which is refused by its label; null and tags stand nowhere.
        _ => Node::Null,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a value is a double; the whole number stays")]
fn whole(number: i128) -> Node<'static> {
    Node::Number(number as f64, i64::try_from(number).ok())
}

fn object(map: Vec<(Value, Value)>) -> Result<Node<'static>, FormatError> {
    let mut fields = Vec::with_capacity(map.len());
    for (key, value) in map {
        let key = match key {
            Value::Integer(number) => {
                let number = i128::from(number);
                label(number).map_or_else(|| Cow::Owned(number.to_string()), Cow::Borrowed)
            }
            Value::Text(text) => Cow::Owned(text),
            _ => return Err(FormatError::Shape("a label is a number or a text")),
        };
        fields.push((key, node(value)?));
    }
    match repeated(&fields) {
        Some(key) => Err(FormatError::RepeatedKey(short(key).into())),
        None => Ok(Node::Object(fields)),
    }
}
