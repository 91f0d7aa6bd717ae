//! One value on a sensor's own topic: the hot path.
//!
//! The quick reader knows the few shapes that nearly all payloads have and allocates nothing
//! for numbers and flags. Whatever it does not know it leaves to the full reader, which
//! defines the truth; a property test holds the two together.

use roadstead_model::{Quality, Timestamp, Value};

use super::json::{self, Node};
use super::{FormatError, plain, time};

/// What a payload says.
type Said = (Option<Timestamp>, Value, Quality);

/// The longest number that is read quickly.
const LONGEST_NUMBER: usize = 32;

/// Reads a bare value, or an object with `value` or `v`, and perhaps `time` or `t`, `quality`
/// and `unit`. The unit is not told: who must know it decodes with [`super::decode`].
pub fn sensor_payload(payload: &[u8]) -> Result<Said, FormatError> {
    match quick(payload) {
        Some(said) => Ok(said),
        None => full(payload),
    }
}

/// Reads all there is.
fn full(payload: &[u8]) -> Result<Said, FormatError> {
    match json::read(payload)? {
        Node::Object(fields) => {
            let said = plain::said(None, &fields)?;
            Ok((said.time, said.value, said.quality))
        }
        node => {
            let value = node.value().ok_or(FormatError::Shape(
                "a sensor's own topic takes a number, true, false, a text in double quotes, or {\"time\":…,\"value\":…}",
            ))?;
            Ok((None, value?, Quality::Good))
        }
    }
}

/// Reads the usual shapes; `None` is no refusal, only a wish for the full reader.
fn quick(payload: &[u8]) -> Option<Said> {
    let mut cursor = Cursor { rest: payload.trim_ascii() };
    if cursor.rest.first() != Some(&b'{') {
        let value = cursor.value()?;
        return cursor.rest.is_empty().then_some((None, value, Quality::Good));
    }
    cursor.take(b'{')?;
    let (mut time, mut value) = (None, None);
    loop {
        match cursor.text()? {
            b"time" | b"t" if time.is_none() => {
                cursor.take(b':')?;
                time = Some(cursor.time()?);
            }
            b"value" | b"v" if value.is_none() => {
                cursor.take(b':')?;
                value = Some(cursor.value()?);
            }
            _ => return None,
        }
        match cursor.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    cursor.rest.is_empty().then_some((time, value?, Quality::Good))
}

/// What is left to read. Every step that fails gives up the quick way as a whole.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn skip_white_space(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        self.skip_white_space();
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    /// A text of printable ASCII without any escape.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let odd = |byte: &u8| matches!(byte, b'"' | b'\\') || !(b' '..=b'~').contains(byte);
        let length = self.rest.iter().position(odd)?;
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.skip_white_space();
        if self.rest.first() == Some(&b'"') {
            return time::rfc3339_fast(self.text()?);
        }
        let digits = self.number()?;
        time::by_magnitude(digits.parse().ok()?).ok()
    }

    fn value(&mut self) -> Option<Value> {
        self.skip_white_space();
        for (word, flag) in [(&b"true"[..], true), (&b"false"[..], false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Some(Value::Flag(flag));
            }
        }
        if self.rest.first() == Some(&b'"') {
            return Value::text(str::from_utf8(self.text()?).ok()?).ok();
        }
        Value::number(self.number()?.parse().ok()?).ok()
    }

    /// A number as JSON writes it: no plus, no leading zero, digits on both sides of a point.
    fn number(&mut self) -> Option<&'a str> {
        let most = self.rest.len().min(LONGEST_NUMBER);
        let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest[..most].iter().position(|byte| !in_number(byte)).unwrap_or(most);
        let (number, rest) = self.rest.split_at(length);
        is_json_number(number).then_some(())?;
        self.rest = rest;
        str::from_utf8(number).ok()
    }
}

fn is_json_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, text) = leading_digits(text);
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return false;
    }
    let text = match text {
        [b'.', text @ ..] => match leading_digits(text) {
            ([], _) => return false,
            (_, text) => text,
        },
        text => text,
    };
    match text {
        [] => true,
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => {
            let (exponent, rest) = leading_digits(digits);
            !exponent.is_empty() && rest.is_empty()
        }
        _ => false,
    }
}

fn leading_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

#[cfg(test)]
mod tests;
