//! Which keys name a place.
//!
//! A key is read in two ways. Folded, because many drivers ignore case: `regionId`, `REGIONID` and `reGIonID` are one key.
//! And word by word, because short words mean nothing inside longer ones: `az` is a zone, `topaz` is not.

use alloc::{string::String, vec::Vec};

use super::PlaceKind::{self, Host, Region, RegionOrZone, Zone};

/// What a key names when it has this anywhere.
const ANYWHERE: [(&str, PlaceKind); 9] = [
    ("zone", Zone),
    ("region", Region),
    ("location", RegionOrZone),
    ("datacenter", RegionOrZone),
    ("endpoint", Host),
    ("server", Host),
    ("portal", Host),
    ("address", Host),
    ("hostname", Host),
];

/// What a key names when a part of it ends so.
const AT_AN_END: [(&str, PlaceKind); 12] = [
    ("availability", Zone),
    ("host", Host),
    ("hosts", Host),
    ("url", Host),
    ("urls", Host),
    ("uri", Host),
    ("uris", Host),
    ("addr", Host),
    ("addrs", Host),
    ("monitors", Host),
    ("serverip", Host),
    ("targetip", Host),
];

/// What a key names when one of its words is this.
const WORDS: [(&str, PlaceKind); 11] = [
    ("az", Zone),
    ("azs", Zone),
    ("location", RegionOrZone),
    ("locations", RegionOrZone),
    ("host", Host),
    ("hosts", Host),
    ("url", Host),
    ("uri", Host),
    ("ip", Host),
    ("ips", Host),
    ("mons", Host),
];

/// Longer terms that hold one of the above and name no place.
const OTHER_TERMS: [&str; 12] = [
    "timezone",
    "allocation",
    "colocation",
    "serverside",
    "server-side",
    "highavailability",
    "high-availability",
    "hostpath",
    "host-path",
    "hostnetwork",
    "hostcache",
    "hostgroup",
];

/// Keys that look like a place and hold a switch, with the values of the switch. Any other value is read as a place.
const SWITCHES: [(&str, &[&str]); 4] = [
    ("enforcezoneaffinity", &["true", "false"]),
    ("networkendpointtype", &["privateendpoint"]),
    ("replicazonesoftantiaffinity", &["enabled", "disabled", "ignored"]),
    ("restricttohpnzone", &["never", "always"]),
];

/// What the key names; where several words match, the last one says it: `endpointRegion` is a region.
pub(super) fn kind(key: &str) -> Option<PlaceKind> {
    let mut parted = parted(key);
    for term in OTHER_TERMS {
        // Blanked, not removed, so that what stood around it does not become one word.
        parted = parted.replace(term, "-");
    }
    let anywhere = ANYWHERE.iter().filter_map(|(stem, kind)| Some((parted.rfind(stem)?, *kind)));
    let at_an_end = AT_AN_END.iter().filter_map(|(end, kind)| Some((last_end(&parted, end)?, *kind)));
    let folded = anywhere.chain(at_an_end).max_by_key(|(at, _)| *at).map(|(_, kind)| kind);
    folded.or_else(|| word_kind(key))
}

/// Whether the parameter holds a switch and not a place.
pub(super) fn is_switch(key: &str, value: &str) -> bool {
    let (key, value) = (folded(key), folded(value));
    SWITCHES.iter().any(|(switch, values)| *switch == key && values.contains(&value.as_str()))
}

/// Whether the value holds options of a program or of a mount, which may name places themselves.
pub(super) fn holds_options(key: &str) -> bool {
    let key = folded(key);
    ["opts", "options", "option", "args", "arguments", "flags"].iter().any(|end| key.ends_with(end))
}

/// Letters and digits alone, lower case.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).map(lowered).collect()
}

/// Lower case, with one dash for whatever else stands between letters and digits.
fn parted(key: &str) -> String {
    let mut parted = String::new();
    for letter in key.chars() {
        if letter.is_alphanumeric() {
            parted.push(lowered(letter));
        } else if !parted.ends_with('-') {
            parted.push('-');
        }
    }
    parted
}

/// As drivers lower a letter, most of which are written in Go: there, too, the Kelvin sign becomes `k` and `İ` becomes
/// `i`, and the long s is taken for `s` when case is ignored.
fn lowered(letter: char) -> char {
    match letter {
        'ſ' => 's',
        other => other.to_lowercase().next().unwrap_or(other),
    }
}

/// Where `end` stands last at the end of a part.
fn last_end(parted: &str, end: &str) -> Option<usize> {
    let ends = parted.rmatch_indices(end).find(|(at, _)| {
        parted.get(at + end.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    ends.map(|(at, _)| at)
}

fn word_kind(key: &str) -> Option<PlaceKind> {
    let words = words(key);
    words.iter().enumerate().rev().find_map(|(index, word)| {
        let kind = WORDS.iter().find(|(known, _)| known == word).map(|(_, kind)| *kind)?;
        let next = words.get(index + 1).map_or("", String::as_str);
        let other = matches!(word.as_str(), "host" | "hosts")
            && matches!(next, "path" | "network" | "cache" | "caching" | "group");
        (!other).then_some(kind)
    })
}

/// The words of a key, lower case: parted by what is no letter or digit, and by capitals (`targetIP`, `KMSKeyID`).
fn words(key: &str) -> Vec<String> {
    let letters: Vec<char> = key.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let first_capital = letter.is_uppercase() && before.is_some_and(|before| !before.is_uppercase());
        let last_capital = letter.is_uppercase() && after.is_some_and(|after| after.is_lowercase());
        if !letter.is_alphanumeric() || first_capital || last_capital {
            words.push(core::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.push(lowered(*letter));
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_name_places_are_told_from_those_that_do_not() {
        for (key, expected) in [
            ("zone", Some(Zone)),
            ("zones", Some(Zone)),
            ("zoneId", Some(Zone)),
            ("zoneid", Some(Zone)),
            ("diskZone", Some(Zone)),
            ("DISKZONE", Some(Zone)),
            ("availability", Some(Zone)),
            ("availability-zone", Some(Zone)),
            ("fastSnapshotRestoreAvailabilityZones", Some(Zone)),
            ("FASTSNAPSHOTRESTOREAVAILABILITYZONES", Some(Zone)),
            ("az", Some(Zone)),
            ("regionId", Some(Region)),
            ("REGIONID", Some(Region)),
            ("secondaryRegion", Some(Region)),
            ("endpointRegion", Some(Region)),
            ("csi.alibabacloud.com/label-prefix/topology.kubernetes.io/region", Some(Region)),
            ("location", Some(RegionOrZone)),
            ("LoCaTiOn", Some(RegionOrZone)),
            ("snapshot-location", Some(RegionOrZone)),
            ("storage-locations", Some(RegionOrZone)),
            ("globalLocation", Some(RegionOrZone)),
            ("server", Some(Host)),
            ("nfsServer", Some(Host)),
            ("regionEndpoint", Some(Host)),
            ("storageEndpointSuffix", Some(Host)),
            ("url", Some(Host)),
            (" URL ", Some(Host)),
            ("metaurl", Some(Host)),
            ("host", Some(Host)),
            ("mounttargetip", Some(Host)),
            ("nfsServerIP", Some(Host)),
            ("monitors", Some(Host)),
            ("targetPortal", Some(Host)),
            ("portals", Some(Host)),
            ("address", Some(Host)),
            ("ipAddresses", Some(Host)),
            ("allocation", None),
            ("preallocation", None),
            ("thinAllocationPolicy", None),
            ("hostPath", None),
            ("timezone", None),
            ("serverSideEncryption", None),
            ("x-oss-server-side-encryption", None),
            ("highAvailability", None),
            ("description", None),
            ("type", None),
            ("zipped", None),
            ("topaz", None),
            ("kmsKeyId", None),
        ] {
            assert_eq!(kind(key), expected, "{key}");
        }
    }

    #[test]
    fn letters_that_drivers_take_for_others_are_taken_so() {
        for key in ["lo\u{63}ation", "reg\u{130}on", "\u{17f}erver", "\u{17f}torageLocation\u{17f}"] {
            assert!(kind(key).is_some(), "{key}");
        }
        assert_eq!(folded("S\u{212a}UName"), "skuname");
    }

    #[test]
    fn a_switch_is_one_only_with_its_own_values() {
        assert!(is_switch("enforceZoneAffinity", "true"));
        assert!(is_switch("restrictToHpnZone", "always"));
        assert!(!is_switch("enforceZoneAffinity", "us-east-1a"));
        assert!(!is_switch("zone", "true"));
    }
}
