//! No spelling of a foreign address or name is inside.
//!
//! Foreign hosts are spelt in every way that some reader knows, and in mixtures of them. What may be found inside is
//! checked against others who read addresses: the standard library and `url`, which reads as browsers do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use bund_crds::{JurisdictionName, destination_mapping::DestinationType};
use bund_engine::{
    FieldPath, Snapshot,
    address::{
        Host, network,
        reach::{self, Reach},
    },
    destination::{Destination, locate},
    locate::{locate_host, locate_network},
    snapshot::{Country, DatabaseState, Databases, Geography, Said},
};
use ipnet::IpNet;
use proptest::{prelude::*, sample::select};
use serde_json::json;

/// A database that places one network on the mainland, and besides whatever it should never be asked about.
#[derive(Debug)]
struct Careless;

impl Databases for Careless {
    fn country_of(&self, network: IpNet) -> Said {
        let mainland: IpNet = "2400:3200::/32".parse().unwrap();
        let unasked = matches!(reach::of_network(network), Reach::Nowhere(_) | Reach::Private(_));
        let code = if mainland.contains(&network) || unasked { "CN" } else { "HK" };
        Said::Country(Country::of(code).unwrap())
    }

    fn states(&self) -> Vec<DatabaseState> {
        Vec::new()
    }
}

/// Inside: two public networks, one of them by a database and one private, one domain, the stores of one region.
fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.observe(&json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "Jurisdiction", "metadata": {"name": "cn-mainland"},
        "spec": {
            "displayName": "Mainland", "countryCodes": ["CN"],
            "networks": ["114.114.0.0/16"], "hostSuffixes": ["store.example.cn"],
            "providers": [{
                "name": "alibaba", "zoneForm": "Opaque", "regions": ["cn-hangzhou"],
                "hostPatterns": ["oss-{region}.aliyuncs.com", "*.oss-{region}.aliyuncs.com"]
            }]
        }
    }));
    snapshot.observe(&json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": {"name": "cluster"},
        "spec": {
            "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"], "networks": ["10.20.0.0/16"]
        }
    }));
    assert_eq!(snapshot.world().unreadable().count(), 0);
    snapshot.set_geography(Geography::of(Arc::new(Careless)));
    snapshot
}

fn mainland() -> JurisdictionName {
    "cn-mainland".parse().unwrap()
}

fn is_inside(kind: DestinationType, text: &str, snapshot: &Snapshot) -> bool {
    let destination =
        Destination { field: FieldPath::of("spec.host"), kind, text: text.into(), provider: None };
    locate(&destination, &mainland(), snapshot.world()).is_inside()
}

/// Whether an address is inside, by the standard library alone.
fn address_is_inside(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => matches!(address.octets(), [114, 114, ..] | [10, 20, ..]),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            // The public network, or the translator's 64:ff9b:: before an address of 114.114.0.0/16.
            bits >> 96 == 0x2400_3200 || bits >> 16 == (0x0064_ff9b << 80) | 0x7272
        }
    }
}

/// Whether a name is inside, by its text alone.
fn name_is_inside(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    name == "store.example.cn"
        || name.ends_with(".store.example.cn")
        || name == "oss-cn-hangzhou.aliyuncs.com"
        || name.strip_suffix(".oss-cn-hangzhou.aliyuncs.com").is_some_and(|bucket| !bucket.contains('.'))
}

/// A part of an IPv4 address in some base, with or without zeros in front.
fn part(value: u32, form: u8) -> String {
    match form % 6 {
        0 => value.to_string(),
        1 => format!("0{value:o}"),
        2 => format!("0x{value:x}"),
        3 => format!("0X{value:08X}"),
        4 => format!("{value:03}"),
        _ => format!("000{value:o}"),
    }
}

/// An IPv4 address in one to four parts, each in its own base.
fn numerals(address: Ipv4Addr, parts: u8, forms: [u8; 4]) -> String {
    let [a, b, c, d] = address.octets().map(u32::from);
    let values = match parts % 4 {
        0 => vec![u32::from(address)],
        1 => vec![a, (b << 16) | (c << 8) | d],
        2 => vec![a, b, (c << 8) | d],
        _ => vec![a, b, c, d],
    };
    let parts: Vec<_> = values.into_iter().zip(forms).map(|(value, form)| part(value, form)).collect();
    parts.join(".")
}

/// IPv6 addresses that carry an IPv4 address, in three ways of writing each.
fn carried(address: Ipv4Addr, prefix: usize, form: u8) -> String {
    let [a, b, c, d] = address.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let six = match prefix % 7 {
        0 => address.to_ipv6_mapped(),
        1 => Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        2 => Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        3 => Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        4 => Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        5 => Ipv6Addr::new(0x2001, 0, 0x4136, 0xe378, 0x8000, 0x63bf, !high, !low),
        _ => Ipv6Addr::new(0x2400, 0x3201, 0, 0, 0, 0x5efe, high, low),
    };
    match form % 3 {
        0 => six.to_string(),
        1 => six.to_string().to_uppercase(),
        _ => six.segments().map(|segment| format!("{segment:04x}")).join(":"),
    }
}

/// The same text in letters that only some readers know.
fn disguised(text: &str, form: u8) -> String {
    let full_width = |c: char| match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap(),
        other => other,
    };
    match form % 8 {
        0 => text.chars().map(full_width).collect(),
        1 => text.replace('.', "。"),
        2 => text.replace('.', "%2e"),
        3 => text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02x}")),
        4 => format!("{text}."),
        5 => text.to_uppercase(),
        6 => format!("{text}\u{200b}"),
        _ => text.to_owned(),
    }
}

/// How many ways of putting something around a host there are.
const AROUND: u8 = 16;

/// A host with things around it that some reader takes for a part of it, or of another one.
fn around(host: &str, inside: &str, form: u8) -> String {
    match form % AROUND {
        0 => host.to_owned(),
        1 => format!("{host}:443"),
        2 => format!("[{host}]"),
        3 => format!("[{host}]:443"),
        4 => format!("{host}%25eth0"),
        5 => format!("[{host}%eth0]"),
        6 => format!("{inside}@{host}"),
        7 => format!("{inside}:443@{host}"),
        8 => format!("{host}/{inside}"),
        9 => format!("{host}#@{inside}"),
        10 => format!("{host}?.{inside}"),
        11 => format!("{host}\\@{inside}"),
        12 => format!("{host}\\.{inside}"),
        13 => format!("{host} .{inside}"),
        14 => format!("{host}:80#@{inside}/"),
        _ => format!("{inside}:80@x@{host}"),
    }
}

/// How many cases to try: `PROPTEST_CASES`, or enough to be quick.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1024);
    // What fails becomes a case with a name in a table, not a seed in a file.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

const INSIDE: [&str; 5] =
    ["store.example.cn", "oss-cn-hangzhou.aliyuncs.com", "114.114.114.114", "10.20.0.5", "[2400:3200::1]"];

fn foreign_address() -> impl Strategy<Value = Ipv4Addr> {
    let near = (select(vec![114_u8, 10, 8, 0, 127, 169, 100, 203]), any::<[u8; 3]>())
        .prop_map(|(a, [b, c, d])| Ipv4Addr::new(a, b, c, d));
    prop_oneof![any::<Ipv4Addr>(), near].prop_filter("foreign", |one| !address_is_inside(IpAddr::V4(*one)))
}

fn foreign_name() -> impl Strategy<Value = String> {
    let like_ours = select(vec![
        "store.example.cn.evil.example",
        "notstore.example.cn",
        "store-example.cn",
        "example.cn",
        "oss-cn-hongkong.aliyuncs.com",
        "oss-cn-hangzhou-x.aliyuncs.com",
        "xoss-cn-hangzhou.aliyuncs.com",
        "a.b.oss-cn-hangzhou.aliyuncs.com",
        "oss-accelerate.aliyuncs.com",
        "localhost",
    ])
    .prop_map(str::to_owned);
    let any = "[a-z0-9]{1,8}(-[a-z0-9]{1,4})?(\\.[a-z0-9]{1,8}){0,3}\\.(com|cn|example)";
    prop_oneof![like_ours, any].prop_filter("foreign", |name| !name_is_inside(name))
}

fn kind() -> impl Strategy<Value = DestinationType> {
    select(vec![
        DestinationType::Host,
        DestinationType::Registry,
        DestinationType::Url,
        DestinationType::Cidr,
    ])
}

fn scheme(kind: DestinationType, text: String) -> String {
    if kind == DestinationType::Url { format!("https://{text}") } else { text }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_numeral_of_a_foreign_address_is_inside(
        address in foreign_address(), parts: u8, forms: [u8; 4], letters: u8,
        inside in select(INSIDE.to_vec()), kind in kind(),
    ) {
        let spelt = disguised(&numerals(address, parts, forms), letters);
        let snapshot = snapshot();
        for form in 0..AROUND {
            let text = scheme(kind, around(&spelt, inside, form));
            prop_assert!(!is_inside(kind, &text, &snapshot), "{}", text);
        }
    }

    #[test]
    fn no_ipv6_address_that_carries_a_foreign_one_is_inside(
        address in foreign_address(), prefix in 0_usize..7, written: u8, letters: u8,
        inside in select(INSIDE.to_vec()), kind in kind(),
    ) {
        let spelt = disguised(&carried(address, prefix, written), letters);
        let snapshot = snapshot();
        for form in 0..AROUND {
            let text = scheme(kind, around(&spelt, inside, form));
            prop_assert!(!is_inside(kind, &text, &snapshot), "{}", text);
        }
    }

    #[test]
    fn no_spelling_of_a_foreign_name_is_inside(
        name in foreign_name(), letters: u8, again: u8, inside in select(INSIDE.to_vec()), kind in kind(),
    ) {
        let spelt = disguised(&disguised(&name, letters), again);
        let snapshot = snapshot();
        for form in 0..AROUND {
            let text = scheme(kind, around(&spelt, inside, form));
            prop_assert!(!is_inside(kind, &text, &snapshot), "{}", text);
        }
    }

    #[test]
    fn what_is_inside_is_inside_for_a_browser_too(
        pieces in prop::collection::vec(select(vec![
            "store.example.cn", "oss-cn-hangzhou.aliyuncs.com", "114.114.1.1", "10.20.0.5", "2400:3200::1", "evil.example",
            "8.8.8.8", "::ffff:", "64:ff9b::", "[", "]", "@", ":", ":443", "/", "\\", "?", "#", "%", "%2e", "%40", ".", "..",
            "。", "．", "ａ", "a", "A", "0", "0x", "-", " ", "\t", "\u{ad}", "xn--", "数据", "user:pw@", "*", "_",
        ]), 1..7),
    ) {
        let text = format!("https://{}", pieces.concat());
        if is_inside(DestinationType::Url, &text, &snapshot()) {
            let host = url::Url::parse(&text).unwrap();
            let inside = match host.host().unwrap() {
                url::Host::Domain(name) => name_is_inside(name),
                url::Host::Ipv4(address) => address_is_inside(IpAddr::V4(address)),
                url::Host::Ipv6(address) => address_is_inside(IpAddr::V6(address)),
            };
            prop_assert!(inside, "{}", text);
        }
    }

    #[test]
    fn a_host_is_the_one_that_a_browser_finds(text in "(https?://)?[a-zA-Z0-9.:@/?#%\\[\\]x。ａ数-]{1,24}") {
        let Ok(host) = Host::of_url(&text) else { return Ok(()) };
        let Ok(browser) = url::Url::parse(&text) else {
            return Err(TestCaseError::fail(format!("{text} is no URL")));
        };
        match (host, browser.host().unwrap()) {
            (Host::Name(name), url::Host::Domain(other)) => {
                prop_assert_eq!(name.as_ref(), other.strip_suffix('.').unwrap_or(other));
            }
            (Host::Address(address), url::Host::Ipv4(other)) => prop_assert_eq!(address, IpAddr::V4(other)),
            (Host::Address(address), url::Host::Ipv6(other)) => {
                let same = address == IpAddr::V6(other).to_canonical() || other.to_string().starts_with("64:ff9b::");
                prop_assert!(same, "{}", text);
            }
            (host, other) => prop_assert!(false, "{text}: {host} is {other}"),
        }
    }

    #[test]
    fn an_address_is_where_the_standard_library_says(address: IpAddr) {
        let snapshot = snapshot();
        let at = |network| locate_network(network, &mainland(), snapshot.world()).is_inside();
        let (written, whole) = (address.to_string(), network(&address.to_string()).unwrap());
        prop_assert_eq!(at(whole), address_is_inside(address));
        let host = Host::of(&written);
        prop_assert_eq!(locate_host(host, &mainland(), snapshot.world()).is_inside(), address_is_inside(address));
    }

    #[test]
    fn nothing_is_too_odd_to_be_read(text in ".*", kind in kind()) {
        is_inside(kind, &text, &snapshot());
        if let Ok(host) = Host::of(&text) {
            prop_assert_eq!(Host::of(&host.to_string()), Ok(host), "one spelling");
        }
    }
}

#[test]
fn the_ways_of_spelling_are_not_all_refused_for_what_is_inside() {
    let snapshot = snapshot();
    for text in [
        "store.example.cn",
        "A.Store.Example.CN.:443",
        "数据.store.example.cn",
        "oss-cn-hangzhou.aliyuncs.com",
        "customers.OSS-cn-hangzhou.aliyuncs.com",
        "114.114.114.114:53",
        "[::ffff:114.114.114.114]:53",
        "64:ff9b::114.114.114.114",
        "2400:3200::1",
        "10.20.0.5",
        "::ffff:10.20.0.5",
    ] {
        assert!(is_inside(DestinationType::Host, text, &snapshot), "{text}");
    }
    for text in ["114.114.0.0/17", "::ffff:114.114.0.0/112", "10.20.30.0/24", "2400:3200:1::/48"] {
        assert!(is_inside(DestinationType::Cidr, text, &snapshot), "{text}");
    }
    for text in ["https://user:secret@a.store.example.cn:8443/x", "http://[2400:3200::1]/"] {
        assert!(is_inside(DestinationType::Url, text, &snapshot), "{text}");
    }
}
