//! SenML (RFC 8428), as JSON and as CBOR: base fields are resolved here, once for both.
//!
//! A base name that is the device's own name or id, or begins with `urn:dev:`, is left out of
//! the sensor's name: who speaks is known from the credential. Times below 2^28 seconds count
//! from the arrival. Sums and binary values are refused: a measurement here is one value.

mod cbor; // the same records with numbers for labels

use roadstead_model::{BadTime, Quality, Timestamp, Value};

use super::entry::{of_fair_length, short, unit_of};
use super::json::Node;
use super::{Context, Entry, EntryError, FormatError, MOST_ENTRIES, SensorRef};

pub(super) use cbor::read as read_cbor;

/// The version of RFC 8428; higher ones mean features that are not known here.
const VERSION: f64 = 10.0;
/// Times below are relative (RFC 8428, section 4.5.3).
const RELATIVE: f64 = 268_435_456.0;

/// The labels of RFC 8428, section 4.
const LABELS: [&str; 15] =
    ["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"];

type Entries = Vec<Result<Entry, EntryError>>;
type Record<'a> = [(std::borrow::Cow<'a, str>, Node<'a>)];

/// Whether a tree of JSON is a SenML pack: an array whose first object has a name of SenML's
/// kind, or nothing but SenML's labels.
pub(super) fn looks_like_it(node: &Node<'_>) -> bool {
    let Node::List(records) = node else { return false };
    let Some(Node::Object(first)) = records.first() else { return false };
    let named =
        first.iter().any(|(key, node)| matches!(&**key, "n" | "bn") && node.text().is_some());
    named || (!first.is_empty() && first.iter().all(|(key, _)| LABELS.contains(&&**key)))
}

/// Reads a pack.
pub(super) fn decode(node: &Node<'_>, context: &Context<'_>) -> Result<Entries, FormatError> {
    let Node::List(records) = node else {
        return Err(FormatError::Shape("a SenML pack is an array of records"));
    };
    let mut pack = Pack { context, base: Base::default(), foreign: None };
    let mut entries = Vec::with_capacity(records.len().min(MOST_ENTRIES));
    for record in records {
        match record {
            Node::Object(fields) => pack.record(fields, &mut entries)?,
            _ => entries
                .push(Err(EntryError::Type { field: "record".into(), expected: "an object" })),
        }
        if entries.len() > MOST_ENTRIES {
            return Err(FormatError::TooMany { limit: MOST_ENTRIES });
        }
    }
    Ok(entries)
}

/// The base fields in force: they hold for their record and all that follow.
#[derive(Default)]
struct Base {
    name: String,
    time: Option<f64>,
    unit: String,
    value: f64,
}

/// A pack on its way through.
struct Pack<'a> {
    context: &'a Context<'a>,
    base: Base,
    /// The first `urn:dev:` name that was left out: a second one would be a second device.
    foreign: Option<String>,
}

/// What one record says, before the base fields are added.
#[derive(Default)]
struct Fields<'a> {
    name: Option<&'a str>,
    unit: Option<&'a str>,
    time: Option<f64>,
    value: Option<Result<Value, EntryError>>,
    sum: bool,
}

impl Pack<'_> {
    fn record(&mut self, record: &Record<'_>, entries: &mut Entries) -> Result<(), FormatError> {
        let fields = match self.fields(record)? {
            Ok(fields) => fields,
            Err(error) => {
                entries.push(Err(error));
                return Ok(());
            }
        };
        let says_nothing = fields.name.is_none() && fields.time.is_none() && fields.unit.is_none();
        if fields.value.is_none() && !fields.sum && says_nothing && !record.is_empty() {
            return Ok(()); // a record of base fields alone
        }
        let sum = fields.sum;
        if !sum || fields.value.is_some() {
            entries.push(self.resolve(fields));
        }
        if sum {
            entries.push(Err(EntryError::NotTaken(
                "a sum (`s`) is not taken: send it as the value of a sensor of its own",
            )));
        }
        Ok(())
    }

    /// Reads the fields of a record; base fields come into force.
    ///
    /// A wrong base field refuses the whole pack: what follows would be resolved wrongly.
    fn fields<'r>(
        &mut self,
        record: &'r Record<'_>,
    ) -> Result<Result<Fields<'r>, EntryError>, FormatError> {
        let mut fields = Fields::default();
        let mut wrong = None;
        for (label, node) in record {
            match &**label {
                "bver" => version(node)?,
                "bn" | "bt" | "bu" | "bv" | "bs" => self.base(label, node)?,
                label => wrong = wrong.or(fields.take(label, node).err()),
            }
        }
        Ok(wrong.map_or(Ok(fields), Err))
    }

    fn base(&mut self, label: &str, node: &Node<'_>) -> Result<(), EntryError> {
        match label {
            "bn" => of_fair_length(text(label, node)?)?.clone_into(&mut self.base.name),
            "bu" => text(label, node)?.clone_into(&mut self.base.unit),
            "bt" => self.base.time = Some(number(label, node)?),
            "bv" => self.base.value = number(label, node)?,
            _ => {} // `bs` only matters to sums, which are refused where they stand
        }
        Ok(())
    }

    fn resolve(&mut self, fields: Fields<'_>) -> Result<Entry, EntryError> {
        let sensor = self.sensor(fields.name.unwrap_or_default())?;
        let value = match fields.value.ok_or(EntryError::NoValue)?? {
            Value::Number(number) => Value::number(self.base.value + number)?,
            other @ (Value::Flag(_) | Value::Text(_)) => other,
        };
        let time = match (self.base.time, fields.time) {
            (None, None) => None,
            (base, own) => Some(self.time(base.unwrap_or(0.0) + own.unwrap_or(0.0))?),
        };
        let unit = unit_of(fields.unit.unwrap_or(&self.base.unit))?;
        Ok(Entry { sensor, time, value, unit, quality: Quality::Good })
    }

    fn time(&self, seconds: f64) -> Result<Timestamp, BadTime> {
        let arrival = self.context.arrival;
        if seconds >= RELATIVE {
            return Timestamp::from_seconds(seconds);
        }
        let offset = Timestamp::from_seconds(seconds)?.micros();
        Timestamp::from_micros(arrival.micros() + offset)
    }

    /// Base name and name together, without what names the device.
    fn sensor(&mut self, name: &str) -> Result<SensorRef, EntryError> {
        let base = self.base.name.as_str();
        let own = base.trim_end_matches([':', '/']);
        let rest = if !own.is_empty() && self.context.is_this_device(own) {
            name.to_owned()
        } else if base.starts_with("urn:dev:") && base.ends_with([':', '/']) {
            self.one_device_only(own.to_owned())?;
            name.to_owned()
        } else {
            self.without_device(format!("{base}{name}"))?
        };
        match (rest.as_str(), self.context.sensor) {
            ("", None) => Err(EntryError::NoSensor),
            ("", Some(own)) => Ok(SensorRef::read(own)),
            (named, Some(own)) if named != own => {
                Err(EntryError::AnotherSensor { own: own.into(), named: short(named) })
            }
            (named, _) => Ok(SensorRef::read(named)),
        }
    }

    /// Leaves a device's URN, or this device's own name or id, out of a whole name.
    fn without_device(&mut self, whole: String) -> Result<String, EntryError> {
        let Some(cut) = whole.rfind([':', '/']) else { return Ok(whole) };
        let (device, rest) = (&whole[..cut], &whole[cut + 1..]);
        if whole.starts_with("urn:dev:") {
            self.one_device_only(device.to_owned())?;
            return Ok(rest.to_owned());
        }
        Ok(if self.context.is_this_device(device) { rest.to_owned() } else { whole })
    }

    fn one_device_only(&mut self, urn: String) -> Result<(), EntryError> {
        match &self.foreign {
            Some(first) if *first != urn => Err(EntryError::AnotherDevice(urn.into())),
            Some(_) => Ok(()),
            None => {
                self.foreign = Some(urn);
                Ok(())
            }
        }
    }
}

impl<'r> Fields<'r> {
    fn take(&mut self, label: &str, node: &'r Node<'_>) -> Result<(), EntryError> {
        match label {
            "n" => self.name = Some(of_fair_length(text(label, node)?)?),
            "u" => self.unit = Some(text(label, node)?),
            "t" => self.time = Some(number(label, node)?),
            "s" => self.sum = true,
            "v" | "vs" | "vb" | "vd" => {
                let before = self.value.replace(value(label, node));
                return before.map_or(Ok(()), |_| Err(EntryError::SeveralValues));
            }
            // "ut" says when to expect the next value; other labels are somebody's extension,
            // which may be passed over unless it ends in an underscore (section 4.4).
            extension if extension.ends_with('_') => {
                return Err(EntryError::UnknownField(short(extension)));
            }
            _ => {}
        }
        Ok(())
    }
}

fn version(node: &Node<'_>) -> Result<(), FormatError> {
    match node {
        Node::Number(version, _) if *version <= VERSION => Ok(()),
        Node::Number(version, _) => Err(FormatError::Version {
            format: "SenML",
            found: version.to_string(),
            known: "version 10, which is RFC 8428",
        }),
        _ => Err(FormatError::Shape("`bver` must be a number")),
    }
}

fn value(label: &str, node: &Node<'_>) -> Result<Value, EntryError> {
    let wrong = |expected| EntryError::Type { field: label.into(), expected };
    match (label, node) {
        ("v", Node::Number(number, _)) => Ok(Value::number(*number)?),
        ("vb", Node::Flag(flag)) => Ok(Value::Flag(*flag)),
        ("vs", Node::Text(text)) => Ok(Value::text(text)?),
        ("v", _) => Err(wrong("a number")),
        ("vb", _) => Err(wrong("true or false")),
        ("vs", _) => Err(wrong("a text")),
        _ => Err(EntryError::NotTaken(
            "binary values (`vd`) are not taken: send a number, a flag or a text",
        )),
    }
}

fn text<'r>(label: &str, node: &'r Node<'_>) -> Result<&'r str, EntryError> {
    node.text().ok_or_else(|| EntryError::Type { field: label.into(), expected: "a text" })
}

fn number(label: &str, node: &Node<'_>) -> Result<f64, EntryError> {
    match node {
        Node::Number(number, _) if number.is_finite() => Ok(*number),
        _ => Err(EntryError::Type { field: label.into(), expected: "a finite number" }),
    }
}

#[cfg(test)]
mod tests;
