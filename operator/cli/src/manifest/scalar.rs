//! Decides what a plain (unquoted) scalar is.
//!
//! The rules are those of go-yaml v2's `resolve`, which Kubernetes reads by, narrowed to where go-yaml v3 and
//! the core schema of YAML 1.2 give the same value. The one exception is the octal `0644`: every Go reader
//! reads it as octal, and file modes in manifests are written so.

use serde_json::Value;

use super::problem::{Problem, shown};

/// What a plain scalar stands for.
#[derive(Debug, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Result<Plain, Problem> {
    // The first byte tells for nearly every scalar that it is text.
    match text.bytes().next() {
        None => Ok(Plain::Null),
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(text),
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O') => word(text),
        Some(_) => Ok(Plain::Text),
    }
}

fn word(text: &str) -> Result<Plain, Problem> {
    match text {
        "~" | "null" | "Null" | "NULL" => Ok(Plain::Null),
        "true" | "True" | "TRUE" => Ok(Plain::Bool(true)),
        "false" | "False" | "FALSE" => Ok(Plain::Bool(false)),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off"
        | "Off" | "OFF" => Err(Problem::Boolean(shown(text))),
        _ => Ok(Plain::Text),
    }
}

fn number(text: &str) -> Result<Plain, Problem> {
    let (signed, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(Problem::NotFinite(shown(text)));
    }
    if text.contains('_') {
        // go-yaml drops underscores before it looks for a number; YAML 1.2 keeps them and sees text.
        let plain = text.replace('_', "");
        return match number(&plain) {
            Ok(Plain::Text) => Ok(Plain::Text),
            Ok(_) | Err(_) => Err(Problem::Number(shown(text))),
        };
    }
    if let Some(based) = based(digits) {
        // Only unsigned `0x` and `0o` are numbers to YAML 1.2 too.
        return match based {
            Based { readable: true, radix, digits } if !signed => i64::from_str_radix(digits, radix)
                .map(Plain::Integer)
                .map_err(|_| Problem::OutOfRange(shown(text))),
            Based { .. } => Err(Problem::Number(shown(text))),
        };
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return decimal(text, digits, signed);
    }
    if is_float(digits) { float(text) } else { Ok(Plain::Text) }
}

/// Digits behind a base prefix.
struct Based<'a> {
    /// Whether the prefix is one that YAML 1.2 knows.
    readable: bool,
    radix: u32,
    digits: &'a str,
}

fn based(text: &str) -> Option<Based<'_>> {
    let (readable, radix, digits) = if let Some(digits) = text.strip_prefix("0x") {
        (true, 16, digits)
    } else if let Some(digits) = text.strip_prefix("0o") {
        (true, 8, digits)
    } else if let Some(digits) = text.strip_prefix("0X") {
        (false, 16, digits)
    } else if let Some(digits) = text.strip_prefix("0O") {
        (false, 8, digits)
    } else {
        (false, 2, text.strip_prefix("0b").or_else(|| text.strip_prefix("0B"))?)
    };
    // Go also takes a sign behind the prefix: `0b-1`.
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let is_number = !unsigned.is_empty() && unsigned.chars().all(|digit| digit.is_digit(radix));
    is_number.then_some(Based { readable: readable && unsigned == digits, radix, digits })
}

fn decimal(text: &str, digits: &str, signed: bool) -> Result<Plain, Problem> {
    let octal = digits.len() > 1 && digits.starts_with('0');
    if octal && (signed || digits.contains(['8', '9'])) {
        // `-0644` is octal to Go and decimal to YAML 1.2; `0809` is a float to Go because it cannot be octal.
        return Err(Problem::Number(shown(text)));
    }
    let parsed = if octal { i64::from_str_radix(digits, 8) } else { text.parse() };
    parsed.map(Plain::Integer).map_err(|_| Problem::OutOfRange(shown(text)))
}

/// Whether unsigned text matches `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the float of both
/// dialects.
fn is_float(text: &str) -> bool {
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && all_digits(exponent))
}

fn float(text: &str) -> Result<Plain, Problem> {
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(Plain::Float(float)),
        // Too large: text to Go, infinity to YAML 1.2.
        Ok(_) | Err(_) => Err(Problem::OutOfRange(shown(text))),
    }
}

/// A float as the API server holds it after its way through Go's JSON, where `1.0` and `1e3` become integers.
pub(super) fn float_value(float: f64) -> Value {
    // An integral float prints without a point, so this is exact.
    float.to_string().parse::<i64>().map_or_else(|_| Value::from(float), Value::from)
}

/// What the plain scalar of a key is: text, or a number whose text is the key.
///
/// Go turns the number of an integer key into text again, others keep the text; they agree on plain decimals.
pub(super) fn plain_key(text: &str) -> Result<Plain, Problem> {
    match resolve(text)? {
        Plain::Text => Ok(Plain::Text),
        Plain::Integer(integer) if integer.to_string() == text => Ok(Plain::Integer(integer)),
        Plain::Null | Plain::Bool(_) | Plain::Integer(_) | Plain::Float(_) => {
            Err(Problem::KeyType(shown(text)))
        }
    }
}
