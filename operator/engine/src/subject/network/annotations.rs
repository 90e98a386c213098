//! Annotations by which controllers of Services, Ingresses and routes are told where to send requests.
//!
//! Most of them count under every prefix: a controller can be given a prefix of its own, and several read those of another.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Found;
use crate::{FieldPath, forward::Towards, hexadecimal::hexadecimal};

mod table;

use table::{Says, says};

/// Reads the annotations of an object.
pub(super) fn read(found: &mut Found<'_>, object: &Value, at: &FieldPath) {
    let (at, metadata) = found.object(object, at, "metadata");
    read_map(found, metadata, &at);
}

/// Reads the annotations in the member `annotations` of `parent`.
pub(super) fn read_map(found: &mut Found<'_>, parent: &Value, at: &FieldPath) {
    let annotations = found.reader.text_map(parent, at, "annotations");
    let at = at.key("annotations");
    for (key, value) in annotations {
        let value = value.trim();
        if let Some(says) = says(key).filter(|_| !value.is_empty()) {
            one(found, &at.key(key), key, value, says);
        }
    }
}

fn one(found: &mut Found<'_>, at: &FieldPath, key: &str, value: &str, says: Says) {
    match says {
        Says::Url => {
            if let Some((text, to)) = url(value) {
                found.add(at.clone(), &text, to);
            }
        }
        Says::Host if is_own(value) => {}
        Says::Host => found.add(at.clone(), value, Towards::Host),
        Says::Hosts => {
            for host in value.split(',').map(str::trim).filter(|host| !host.is_empty()) {
                found.add(at.clone(), host, Towards::Host);
            }
        }
        Says::Region(provider) => found.add(at.clone(), value, Towards::Region(provider.parse().ok())),
        Says::UntoldWhere(why) => {
            if value.eq_ignore_ascii_case("true") || value == "1" {
                found.add(at.clone(), value, Towards::Untold(why));
            }
        }
        Says::Untold(why) => found.add(at.clone(), value, Towards::Untold(why)),
        Says::Snippet(why) => found.add(at.clone(), &digest(key, value), Towards::Untold(why)),
        Says::Object(group, kind) => {
            for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let to = Towards::Object { group: group.into(), kind: kind.into() };
                found.add(at.clone(), name, to);
            }
        }
        Says::Namespace => {
            // Which Service it is stands elsewhere; where it may lead is a matter of its namespace.
            let to = Towards::Service { namespace: Some(value.into()), name: "*".into() };
            found.add(at.clone(), value, to);
        }
        Says::Json(why) => match serde_json::from_str(value) {
            Ok(settings) => json(found, at, &settings),
            Err(_) => found.add(at.clone(), &digest(key, value), Towards::Untold(why)),
        },
        Says::OldTls => {
            if value.split([' ', ',']).any(|version| !version.is_empty() && !is_newest(version)) {
                found.add(at.clone(), value, Towards::OldTls);
            }
        }
        Says::Plain => {
            if value == "false" {
                found.add(at.clone(), "every host", Towards::Plain);
            }
        }
    }
}

/// What tells one text that cannot be judged from another. It may be long, and hold what is nobody's business.
fn digest(key: &str, value: &str) -> String {
    let digest = Sha256::digest(value.as_bytes());
    let (_, name) = key.rsplit_once('/').unwrap_or(("", key));
    format!("{name} sha256-{}", hexadecimal(digest.iter().take(8)))
}

/// Whether a text means the host that was asked for, as nginx and load balancers write it.
fn is_own(host: &str) -> bool {
    matches!(host, "$host" | "$http_host" | "$best_http_host" | "$server_name" | "#{host}" | "${host}")
}

/// The place that a URL names, if it names one. A path alone leads nowhere else.
fn url(value: &str) -> Option<(String, Towards)> {
    let value = value.replace("$scheme", "https");
    if matches!(value.as_str(), "off" | "default") {
        return None;
    }
    let value = value.strip_prefix("//").map_or_else(|| value.clone(), |rest| format!("https://{rest}"));
    let Some((_, rest)) = value.split_once("://") else {
        let names_one = !value.starts_with(['/', '$', '^']) && !is_scheme(&value);
        return names_one.then_some((value, Towards::Host));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || is_own(authority) {
        return None;
    }
    Some((without_path_variable(&value).to_string(), Towards::Url))
}

fn is_scheme(value: &str) -> bool {
    matches!(value, "http:" | "https:")
}

/// The URL up to a variable of nginx that begins with a slash, behind which no host can go on.
fn without_path_variable(url: &str) -> &str {
    let ends = |variable: &&str| {
        let (before, after) = url.split_once(*variable)?;
        let whole = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        whole.then_some(before)
    };
    ["$request_uri", "$uri"].iter().filter_map(ends).min_by_key(|before| before.len()).unwrap_or(url)
}

/// Whether a version or policy of TLS is 1.3 and no older.
fn is_newest(version: &str) -> bool {
    version.eq_ignore_ascii_case("TLSv1.3") || version.starts_with("ELBSecurityPolicy-TLS13-1-3-")
}

/// The places in settings that are JSON: every URL, every host, and what names a group of machines elsewhere.
fn json(found: &mut Found<'_>, at: &FieldPath, settings: &Value) {
    let mut waiting = Vec::from([("", settings)]);
    while let Some((name, value)) = waiting.pop() {
        match value {
            Value::Object(members) => {
                waiting.extend(members.iter().map(|(name, value)| (name.as_str(), value)));
            }
            Value::Array(elements) => waiting.extend(elements.iter().map(|element| (name, element))),
            Value::String(text) if text.contains("://") => {
                if let Some((text, to)) = url(text) {
                    found.add(at.clone(), &text, to);
                }
            }
            Value::String(text) if name.eq_ignore_ascii_case("host") && !is_own(text) => {
                found.add(at.clone(), text, Towards::Host);
            }
            Value::String(text) if name.eq_ignore_ascii_case("targetGroupARN") => {
                found.add(
                    at.clone(),
                    text,
                    Towards::Untold("who is in a group of machines elsewhere is not known"),
                );
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
