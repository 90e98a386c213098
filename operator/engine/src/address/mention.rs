//! Hosts that a text mentions: settings, arguments, scripts.
//!
//! Nobody said that the text is an address, so what is found is a hint and no more. What looks like a host and is
//! commonly something else (a version, a file, a package, an image) is left out; what a program makes of a text is its
//! own affair.

use alloc::{boxed::Box, collections::BTreeMap, string::ToString, vec::Vec};
use core::net::IpAddr;

use super::{Host, Unclear, is_whole};

mod plausible;

/// A host that a text mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    /// What is told of it: never a user or a password.
    pub(crate) text: Box<str>,
    /// The host, where readers agree on it.
    pub(crate) host: Result<Host, Unclear>,
    /// Whether the dot of the root stands behind its name.
    pub(crate) is_whole: bool,
}

/// Longer texts are looked at as far as this: no setting is longer, and whoever writes one decides how long it is.
const MAX_TEXT: usize = 256 * 1024;
/// Most hosts that are told of one text.
const MAX_MENTIONS: usize = 32;

/// Every host that a text mentions, in order of its text, each once.
pub(crate) fn mentions(text: &str) -> Vec<Mention> {
    let text = text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text);
    if is_only_words(text) {
        return Vec::new();
    }
    in_text(text)
}

/// Whether nothing in a text can be a host: it has no dot of a name, no colon in front of a port and no digit, and no way to
/// write one of them differently. Most settings are such words.
fn is_only_words(text: &str) -> bool {
    let speaks = |byte: u8| !byte.is_ascii() || byte.is_ascii_digit() || matches!(byte, b'.' | b':' | b'%');
    !text.bytes().any(speaks)
}

fn in_text(text: &str) -> Vec<Mention> {
    let whole = if text.trim().contains(char::is_whitespace) { Whole::Running } else { Whole::Setting };
    let mut found = BTreeMap::new();
    for word in text.split(ends_word) {
        in_word(word, whole, &mut |mention: Mention| {
            if found.len() < MAX_MENTIONS {
                found.insert(mention.text.clone(), mention);
            }
        });
    }
    found.into_values().collect()
}

/// What a text is as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    /// One value.
    Setting,
    /// Words and lines.
    Running,
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || "\"'`<>|,;(){}\\".contains(letter)
}

/// A word is a URL with something in front of it, or plain.
fn in_word(word: &str, whole: Whole, told: &mut dyn FnMut(Mention)) {
    let Some((before, after)) = word.split_once("://") else {
        return plain(word, whole, told);
    };
    let scheme_at = before.rfind(|c: char| !is_scheme(c)).map_or(0, |at| at + 1);
    let (front, scheme) = before.split_at_checked(scheme_at).unwrap_or_default();
    plain(front, whole, told);
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end).unwrap_or((after, ""));
    if plausible::names_a_host(scheme) && !is_filled_in(authority) {
        url(word, scheme_at, before.len() + "://".len() + end, authority, told);
    }
    // A URL may hold another one.
    if rest.contains("://") {
        in_word(rest, whole, told);
    }
}

fn is_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

/// Whether something else is written into it before it is used.
fn is_filled_in(authority: &str) -> bool {
    authority.is_empty() || authority.contains(['$', '*', '%']) || authority.contains("..")
}

fn url(word: &str, start: usize, end: usize, authority: &str, told: &mut dyn FnMut(Mention)) {
    let Some(url) = word.get(start..end) else { return };
    let host = Host::of_url(url);
    let tells = match &host {
        Ok(Host::Name(name)) => name.contains('.') && !plausible::is_schema(name),
        Ok(Host::Address(_)) => true,
        Err(Unclear::Name) => authority.contains('.'),
        Err(_) => !without_secrets(authority).is_empty(),
    };
    if tells {
        told(mention(host, authority, is_whole(url)));
    }
}

/// What is told of a host. Of one that is unclear only what cannot be a password.
fn mention(host: Result<Host, Unclear>, written: &str, is_whole: bool) -> Mention {
    let text = match &host {
        Ok(host) => host.to_string().into(),
        Err(_) => without_secrets(written).into(),
    };
    Mention { text, host, is_whole }
}

/// What stands behind the user in a URL or in `host:port`, up to the port: whatever it is, it is no password.
pub(crate) fn without_secrets(text: &str) -> &str {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let end: &[char] = if host.starts_with('[') { &['/', '?', '#'] } else { &[':', '/', '?', '#'] };
    host.split(end).next().unwrap_or_default()
}

/// Text without a URL: `--host=db.example.com`, `user@db.example.com:5432/orders`. What stands in front of a sign of
/// equality, or of a colon and nothing more, is a key.
fn plain(word: &str, whole: Whole, told: &mut dyn FnMut(Mention)) {
    let value = word.rsplit_once('=').map_or(word, |(_, value)| value);
    if value.ends_with(':') {
        return;
    }
    let (user, value) = value.rsplit_once('@').map_or((None, value), |(user, value)| (Some(user), value));
    let value = value.trim_start_matches("//");
    let (host, path) = value.split_once('/').map_or((value, None), |(host, path)| (host, Some(path)));
    let bare = user.is_none() && path.is_none();
    let read = match host.split_once(':') {
        _ if host.starts_with('[') => bracketed(host),
        Some(_) if bare && plausible::is_ipv6(host) => Host::of(host).ok(),
        Some((name, port)) if is_port(port) => with_port(name),
        None if bare => alone(host, whole),
        Some(_) | None => None,
    };
    if let Some(read) = read {
        told(mention(Ok(read), "", is_whole(host)));
    }
}

/// `[2001:db8::1]:443`.
fn bracketed(host: &str) -> Option<Host> {
    Host::of(host).ok().filter(is_destination)
}

/// Whether it begins with a port, as in `1521:orders`.
fn is_port(text: &str) -> bool {
    let port = text.split(':').next().unwrap_or_default();
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    digits && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A host in front of a port.
fn with_port(name: &str) -> Option<Host> {
    let host = Host::of(name).ok()?;
    match &host {
        Host::Name(read) => plausible::is_name(read).then_some(host),
        Host::Address(_) => Some(host).filter(is_destination),
    }
}

/// A host with nothing beside it.
fn alone(text: &str, whole: Whole) -> Option<Host> {
    let host = Host::of(text).ok()?;
    match &host {
        Host::Name(read) => plausible::is_bare_name(text, read, whole == Whole::Setting).then_some(host),
        Host::Address(_) => Some(host).filter(is_destination),
    }
}

/// Whether something can be sent there at all: no mask of a network, and no sign for every address.
fn is_destination(host: &Host) -> bool {
    match host {
        Host::Address(IpAddr::V4(address)) => !address.is_unspecified() && address.octets() < [240, 0, 0, 0],
        Host::Address(IpAddr::V6(address)) => !address.is_unspecified(),
        Host::Name(_) => true,
    }
}

#[cfg(test)]
mod tests;
