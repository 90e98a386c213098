//! What each spelling is read as.

use alloc::string::ToString;

use super::*;

fn read(text: &str) -> Result<alloc::string::String, Unclear> {
    Host::of(text).map(|host| host.to_string())
}

fn read_url(text: &str) -> Result<alloc::string::String, Unclear> {
    Host::of_url(text).map(|host| host.to_string())
}

#[test]
fn one_host_has_one_spelling() {
    for (text, host) in [
        ("oss.example.cn", "oss.example.cn"),
        ("OSS.Example.CN.", "oss.example.cn"),
        ("oss.example.cn:443", "oss.example.cn"),
        ("oss.example.cn:", "oss.example.cn"),
        ("oss.example.cn:/exports/shop", "oss.example.cn"),
        ("oss.example.cn/team/image:1.0", "oss.example.cn"),
        ("https://oss.example.cn:443/x", "oss.example.cn"),
        ("store.example.cn://evil.example", "evil.example"),
        ("数据.example.cn", "xn--vxup8b.example.cn"),
        ("XN--VXUP8B.example.cn", "xn--vxup8b.example.cn"),
        ("10.20.0.5:6789", "10.20.0.5"),
        ("fd00:20::0:5", "fd00:20::5"),
        ("[FD00:20:0::5]:3260", "fd00:20::5"),
        ("::ffff:10.20.0.5", "10.20.0.5"),
        ("[::FFFF:0a14:5]", "10.20.0.5"),
        ("0:0:0:0:0:ffff:a14:5", "10.20.0.5"),
        ("64:ff9b::8.8.8.8", "8.8.8.8"),
        ("64:ff9b::a14:5", "64:ff9b::a14:5"),
        ("2002:808:808::1", "2002:808:808::1"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(host), "{text}");
    }
}

#[test]
fn what_readers_may_read_differently_is_no_host() {
    use Unclear::{Authority, Ipv6, Letters, Name, Numeral};
    for (text, unclear) in [
        ("", Name),
        (".", Name),
        ("a..example.cn", Name),
        ("example.cn..", Name),
        ("-a.example.cn", Name),
        ("a_b.example.cn", Name),
        ("*.example.cn", Name),
        ("a.example.cn ", Name),
        ("a.example.cn\u{0}", Name),
        ("010.20.0.5", Numeral),
        ("0x0a.20.0.5", Numeral),
        ("10.20.5", Numeral),
        ("127.1", Numeral),
        ("169082885", Numeral),
        ("0x0a140005", Numeral),
        ("10.20.0.5.", Numeral),
        ("10.20.0.256", Numeral),
        ("10.20.0.0x", Numeral),
        ("10.20.0.5.6", Numeral),
        ("fe80::1%eth0", Authority),
        ("[fe80::1%25eth0]", Authority),
        ("[10.20.0.5]", Ipv6),
        ("[fd00::1", Ipv6),
        ("fd00::1::2", Ipv6),
        ("[fd00::1]x", Authority),
        ("a.example.cn:99999", Authority),
        ("a.example.cn:https", Authority),
        ("user@a.example.cn", Authority),
        ("a.example.cn\\@b.example", Authority),
        ("a%2eexample.cn", Authority),
        ("evil.example/?u=https://a.example.cn", Unclear::Url),
        ("a.example.cn?b", Authority),
        ("a.example.cn#b", Authority),
        ("１０.20.0.5", Numeral),
        ("10。20。0。5", Letters),
        ("ａ.example.cn", Letters),
        ("a。example.cn", Letters),
        ("a\u{ad}.example.cn", Letters),
        ("xn--a.example.cn", Letters),
        ("xn--example-.cn", Letters),
    ] {
        assert_eq!(read(text), Err(unclear), "{text}");
    }
    let long = ["a"; 130].join(".");
    assert_eq!(read(&long), Err(Name), "253 letters at most");
    assert_eq!(read(&"a".repeat(64)), Err(Name), "63 letters in a label at most");
}

#[test]
fn a_url_has_the_host_that_every_reader_finds() {
    for (url, host) in [
        ("https://A.example.cn:443/x?y#z", "a.example.cn"),
        ("nfs://[fd00::1]/exports", "fd00::1"),
        ("redis://:secret@10.20.0.5:6379/1", "10.20.0.5"),
        ("https://user%40team:p%3Aw@a.example.cn", "a.example.cn"),
        ("https://s3.example.cn@evil.example/x", "evil.example"),
        ("https://a.example.cn/mail@b.example", "a.example.cn"),
    ] {
        assert_eq!(read_url(url).as_deref(), Ok(host), "{url}");
    }
    for (url, unclear) in [
        ("a.example.cn", Unclear::Url),
        ("://a.example.cn", Unclear::Url),
        ("1http://a.example.cn", Unclear::Url),
        ("http:/a.example.cn", Unclear::Url),
        ("https%3a%2f%2fa.example.cn", Unclear::Url),
        ("https:///a.example.cn", Unclear::Name),
        ("https://a.example.cn\\@evil.example/x", Unclear::Authority),
        ("https://a@b.example@a.example.cn", Unclear::Authority),
        ("https://evil.example\u{a0}@a.example.cn", Unclear::Authority),
        ("https://a.example.cn#@evil.example/", Unclear::Authority),
        ("https://a.example.cn?@evil.example/", Unclear::Authority),
        ("https://evil\t.example/", Unclear::Authority),
        ("https://[::1%25eth0]/", Unclear::Authority),
        ("https://fd00::1/", Unclear::Ipv6),
        ("https://0x7f.1/", Unclear::Numeral),
    ] {
        assert_eq!(read_url(url), Err(unclear), "{url}");
    }
}

#[test]
fn a_network_has_one_spelling_too() {
    for (text, expected) in [
        ("10.20.0.0/16", Some("10.20.0.0/16")),
        ("10.20.0.5", Some("10.20.0.5/32")),
        ("::ffff:10.20.0.0/112", Some("10.20.0.0/16")),
        ("::ffff:0:0/95", Some("::ffff:0.0.0.0/95")),
        ("64:ff9b::8.8.0.0/112", Some("8.8.0.0/16")),
        ("010.20.0.0/16", None),
        ("10.20.0.0/016", None),
        ("10.20.0.0/+16", None),
        ("10.20.0.0/33", None),
        ("10.20/16", None),
        ("a.example.cn", None),
    ] {
        assert_eq!(network(text).ok().map(|network| network.to_string()).as_deref(), expected, "{text}");
    }
}

#[test]
fn special_addresses_are_told_from_public_ones() {
    use reach::Reach::{Global, Nowhere, Private, Reserved};
    let of = |text: &str| reach::of_network(network(text).unwrap());
    for text in ["8.8.8.8", "114.114.114.114", "47.52.0.0/16", "2400:3200::1", "2606:4700::/32"] {
        assert_eq!(of(text), Global, "{text}");
    }
    for text in ["10.0.0.1", "172.31.0.0/16", "192.168.1.1", "100.64.0.0/10", "fd00::1", "fc00::/7"] {
        assert!(matches!(of(text), Private(_)), "{text}");
    }
    for text in ["192.0.2.1", "198.18.0.1", "203.0.113.0/24", "2001:db8::/32", "3fff::1"] {
        assert!(matches!(of(text), Reserved(_)), "{text}");
    }
    for text in [
        "0.0.0.0",
        "127.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.88.99.1",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0/0",
        "126.0.0.0/7",
        "::",
        "::1",
        "::8.8.8.8",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "2001::1",
        "2002:808:808::1",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "4000::1",
        "::/0",
    ] {
        assert!(matches!(of(text), Nowhere(_)), "{text}");
    }
}
