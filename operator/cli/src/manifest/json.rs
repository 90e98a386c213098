//! Reads strict JSON, without the freedom JSON leaves its readers in duplicate keys and large numbers.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::problem::{Problem, Refusal, shown};
use super::scalar::float_value;
use super::{Extent, Loaded, MAX_DEPTH};

/// Reads the JSON values of a piece, or tells why it is not JSON.
///
/// The boundaries of all values are found first, so that an unreadable value does not hide those after it.
pub(super) fn read(
    text: &str,
    piece: &Extent,
    stream: bool,
) -> Result<Vec<Result<Loaded, Refusal>>, Refusal> {
    let extents = values(text, piece)?;
    if let (false, Some(second)) = (stream, extents.get(1)) {
        let refusal = Refusal {
            line: second.line,
            column: second.column.saturating_add(1),
            problem: Problem::SecondValue,
        };
        return Ok(vec![Err(refusal)]);
    }
    let own_text = |extent: &Extent| {
        let start = extent.bytes.start.saturating_sub(piece.bytes.start);
        let end = extent.bytes.end.saturating_sub(piece.bytes.start);
        text.get(start..end).unwrap_or_default()
    };
    Ok(extents.into_iter().map(|extent| value(own_text(&extent), extent)).collect())
}

/// Where the values in a row of JSON values are.
fn values(text: &str, piece: &Extent) -> Result<Vec<Extent>, Refusal> {
    let mut extents = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let (mut line, mut column, mut counted) = (piece.line, piece.column, 0);
    loop {
        let before = stream.byte_offset();
        let Some(next) = stream.next() else { return Ok(extents) };
        next.map_err(|error| refusal(&error, piece))?;
        let end = stream.byte_offset();
        let own = text.get(before..end).unwrap_or_default().trim_ascii_start();
        let start = end.saturating_sub(own.len());
        for character in text.get(counted..start).unwrap_or_default().chars() {
            (line, column) = if character == '\n' {
                (line.saturating_add(1), 0)
            } else {
                (line, column.saturating_add(1))
            };
        }
        counted = start;
        let bytes = piece.bytes.start.saturating_add(start)..piece.bytes.start.saturating_add(end);
        extents.push(Extent { bytes, line, column });
    }
}

/// Reads one value.
fn value(text: &str, extent: Extent) -> Result<Loaded, Refusal> {
    let problem = RefCell::new(None);
    let read =
        Strict { depth: 0, problem: &problem }.deserialize(&mut serde_json::Deserializer::from_str(text));
    match read {
        Ok(value) => Ok(Loaded { value, line: extent.line, extent }),
        Err(error) => {
            let refusal = refusal(&error, &extent);
            Err(match problem.into_inner() {
                Some(problem) => Refusal { problem, ..refusal },
                None => refusal,
            })
        }
    }
}

fn refusal(error: &serde_json::Error, extent: &Extent) -> Refusal {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&place).unwrap_or(&message);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let shift = if error.line() <= 1 { extent.column } else { 0 };
    Refusal {
        line: count(error.line().saturating_sub(1)).saturating_add(extent.line),
        column: count(error.column()).max(1).saturating_add(shift),
        problem: Problem::Json(message.to_owned()),
    }
}

/// Deserializes any value, bounded in depth and without duplicate keys.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    /// The problem behind an error, which serde itself can only carry as text.
    problem: &'a RefCell<Option<Problem>>,
}

impl Strict<'_> {
    fn fail<E: serde::de::Error>(self, problem: Problem) -> E {
        let error = E::custom(&problem);
        self.problem.replace(Some(problem));
        error
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fail(Problem::TooDeep));
        }
        Ok(Self { depth: self.depth.saturating_add(1), ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Value, E> {
        Ok(Value::from(integer))
    }

    fn visit_u64<E: serde::de::Error>(self, integer: u64) -> Result<Value, E> {
        // The API server falls back to a float, which changes the number.
        i64::try_from(integer)
            .map(Value::from)
            .map_err(|_| self.fail(Problem::OutOfRange(integer.to_string())))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(float_value(float))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut entries = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if entries.contains_key(&key) {
                return Err(self.fail(Problem::DuplicateKey(shown(&key))));
            }
            entries.insert(key, access.next_value_seed(inner)?);
        }
        Ok(Value::Object(entries))
    }
}
