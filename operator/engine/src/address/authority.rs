//! The host in a URL and in `host:port`.

use super::Unclear;

/// A host as it is written.
pub(super) enum Written<'t> {
    /// In brackets, or with more than one colon.
    Ipv6(&'t str),
    /// A name or an IPv4 address.
    Other(&'t str),
}

/// The authority of a URL, without the user in front of it.
pub(super) fn of_url(url: &str) -> Result<&str, Unclear> {
    let (scheme, rest) = url.split_once("://").ok_or(Unclear::Url)?;
    let mut letters = scheme.bytes();
    let sound = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !sound {
        return Err(Unclear::Url);
    }
    // Readers differ on a backslash: for some it ends the host, for others it belongs to the user's name. Browsers take
    // line ends and tabs out, wherever they stand.
    if url.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace()) {
        return Err(Unclear::Authority);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at_checked(end).ok_or(Unclear::Url)?;
    // Some readers look for the user up to the last `@`, whatever ended the host.
    if after.starts_with(['?', '#']) && after.contains('@') {
        return Err(Unclear::Authority);
    }
    let authority = without_user(authority)?;
    // In a URL nothing else has more than one colon than an address in brackets.
    let bare = !authority.starts_with('[') && authority.matches(':').count() > 1;
    if bare { Err(Unclear::Ipv6) } else { Ok(authority) }
}

/// The authority without its user, which must be plain: `user:password@`.
fn without_user(authority: &str) -> Result<&str, Unclear> {
    let Some((user, host)) = authority.split_once('@') else { return Ok(authority) };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:".contains(&b);
    if user.bytes().all(plain) && !host.contains('@') { Ok(host) } else { Err(Unclear::Authority) }
}

/// The host of `host[:port]`.
pub(super) fn host(authority: &str) -> Result<Written<'_>, Unclear> {
    // A user has no place outside of URLs; a percent sign is decoded by some readers and not by others.
    if authority.contains(['@', '\\', '?', '#', '%']) {
        return Err(Unclear::Authority);
    }
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(Unclear::Ipv6)?;
        return match port.strip_prefix(':') {
            Some(port) => is_port(port).then_some(Written::Ipv6(address)).ok_or(Unclear::Authority),
            None if port.is_empty() => Ok(Written::Ipv6(address)),
            None => Err(Unclear::Authority),
        };
    }
    match authority.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Ok(Written::Ipv6(authority)),
        Some((host, port)) => is_port(port).then_some(Written::Other(host)).ok_or(Unclear::Authority),
        None => Ok(Written::Other(authority)),
    }
}

/// Whether it is a port, or left out after the colon as before the path of a share.
fn is_port(port: &str) -> bool {
    port.is_empty() || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok())
}
