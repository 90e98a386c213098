//! Names of hosts, and IPv4 addresses, which look like names.

use alloc::{borrow::Cow, boxed::Box};
use core::net::{IpAddr, Ipv4Addr};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46, verify_dns_length};

use super::{Host, Unclear};

/// The name or the IPv4 address that `text` is.
pub(super) fn read(text: &str) -> Result<Host, Unclear> {
    if ends_in_number(text) {
        let address = text.parse::<Ipv4Addr>().map_err(|_| Unclear::Numeral)?;
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let international = !name.is_ascii() || name.split('.').any(is_encoded);
    let name = if international { encoded(name)?.into() } else { plain(name)? };
    Ok(Host::Name(name))
}

/// Whether the last label is a number, decimal or hexadecimal: browsers and the C library then read an address, in one
/// to four parts of any base; other readers ask for it as a name.
fn ends_in_number(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let last = text.rsplit('.').next().unwrap_or_default();
    let decimal = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    decimal || hexadecimal.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_encoded(label: &str) -> bool {
    label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"))
}

fn plain(name: &str) -> Result<Box<str>, Unclear> {
    let name = name.to_ascii_lowercase();
    let label = |label: &str| {
        label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // The length of an empty label is none.
    let sound = verify_dns_length(&name, false) && name.split('.').all(label);
    if sound { Ok(name.into()) } else { Err(Unclear::Name) }
}

/// An international name as IDNA writes it (UTS 46, no transitional mapping). Where letters only stand for ASCII ones or
/// for dots, as full-width ones do, some readers map them and others ask for them as they are.
fn encoded(name: &str) -> Result<Cow<'_, str>, Unclear> {
    let ascii = Uts46::new()
        .to_ascii(name.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| Unclear::Letters)?;
    let same_labels = name.split('.').count() == ascii.split('.').count();
    let mut labels = name.split('.').zip(ascii.split('.'));
    let clear = labels.all(|(label, ascii)| label.is_ascii() || is_encoded(ascii));
    if same_labels && clear { Ok(ascii) } else { Err(Unclear::Letters) }
}
