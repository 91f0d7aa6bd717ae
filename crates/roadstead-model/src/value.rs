//! What was measured: a number, a flag or a short text.

use std::sync::Arc;

/// One measured value. A number is always finite.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A finite number in the sensor's unit.
    Number(f64),
    /// On or off.
    Flag(bool),
    /// A short text, such as a state's name.
    Text(Arc<str>),
}

impl Value {
    /// The longest text taken as a value, in bytes.
    pub const LONGEST_TEXT: usize = 1024;

    /// Takes a number. NaN and the infinities are refused by name.
    pub const fn number(number: f64) -> Result<Self, BadValue> {
        if number.is_nan() {
            return Err(BadValue::NotANumber);
        }
        if number.is_infinite() { Err(BadValue::Infinite) } else { Ok(Self::Number(number)) }
    }

    /// Takes a text of up to 1,024 bytes.
    pub fn text(text: &str) -> Result<Self, BadValue> {
        let fits = text.len() <= Self::LONGEST_TEXT;
        if fits { Ok(Self::Text(text.into())) } else { Err(BadValue::TooLong) }
    }

    /// The value as a number for curves and means: flags are 0 and 1, texts are none.
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Flag(true) => Some(1.0),
            Self::Flag(false) => Some(0.0),
            Self::Text(_) => None,
        }
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// Why something is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// NaN.
    #[error("NaN is not a value: leave the measurement out, or send a text")]
    NotANumber,
    /// Infinity, or a number too large for a double.
    #[error("an infinite number is not a value")]
    Infinite,
    /// A text beyond the limit.
    #[error("a text value has at most 1,024 bytes")]
    TooLong,
}
