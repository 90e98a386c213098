//! What databases say, alone and together, and which files are none.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::path::Path;
use std::sync::Arc;

use bund_engine::Timestamp;
use bund_engine::address::network;
use bund_engine::snapshot::{Country, Databases, Said, Service, Silence};
use bund_geo::{Digest, Library, Member, Quorum, Source, read};
use jiff::SignedDuration;
use serde_json::{Value, json};
use support::{country, database};

const BUILT: u64 = 1_780_000_000;
const DAYS: fn(i64) -> SignedDuration = |days| SignedDuration::from_hours(24 * days);

fn built() -> Timestamp {
    Timestamp::from_second(BUILT.try_into().unwrap()).unwrap()
}

/// A block on the mainland with a hole, one that reaches beyond, and others.
fn one() -> Vec<(&'static str, Value)> {
    vec![
        ("47.96.0.0/12", country("CN")),
        ("47.96.7.7/32", country("SG")),
        ("47.52.0.0/16", country("HK")),
        ("8.8.8.0/24", country("US")),
        ("1.1.1.0/24", json!({"registered_country": {"iso_code": "AU"}, "traits": {"is_anycast": true}})),
        ("5.5.0.0/16", json!({"registered_country": {"iso_code": "CN"}})),
        ("2400:3200::/32", country("CN")),
        ("2400:3200:8000::/40", country("SG")),
        ("2402:4e00::/32", country("CN")),
    ]
}

fn other() -> Vec<(&'static str, Value)> {
    let coded = |code| json!({"country_code": code});
    vec![
        ("47.96.0.0/12", coded("CN")),
        ("47.96.7.7/32", coded("SG")),
        ("47.52.0.0/16", coded("CN")),
        ("47.112.0.0/12", coded("CN")),
        ("2400:3200::/32", coded("CN")),
    ]
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> Source {
    let path = folder.join(name);
    // As whoever replaces a file should: the old one is whole until the new one is.
    std::fs::write(path.with_extension("new"), bytes).unwrap();
    std::fs::rename(path.with_extension("new"), &path).unwrap();
    Source { path, sha256: None, max_age: DAYS(30) }
}

fn member(folder: &Path, name: &str, records: Vec<(&str, Value)>) -> Member {
    let source = put(folder, name, &database("Test-Country", BUILT, records));
    let database = Some(Arc::new(read(&source.path, None).unwrap()));
    Member { name: name.into(), max_age: DAYS(30), database, trouble: None }
}

fn said(quorum: &Quorum, text: &str) -> String {
    quorum.country_of(network(text).unwrap()).to_string()
}

#[test]
fn a_network_is_where_all_of_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let quorum = Quorum::of(&[member(folder.path(), "one.mmdb", one())], built());
    for (network, expected) in [
        ("47.96.0.1", "is in CN"),
        ("47.111.255.255", "is in CN"),
        ("47.96.7.6", "is in CN"),
        ("47.96.7.7", "is in SG"),
        ("47.96.7.8", "is in CN"),
        ("47.100.0.0/16", "is in CN"),
        ("47.96.7.0/24", "reaches into CN and SG, as one.mmdb says"),
        ("47.96.0.0/12", "reaches into CN and SG, as one.mmdb says"),
        ("47.96.0.0/11", "reaches into CN and SG, as one.mmdb says"),
        ("47.104.0.0/13", "is in CN"),
        ("47.110.0.0/14", "is in CN"),
        ("47.112.0.0/12", "has no record for all of it in one.mmdb"),
        ("47.52.0.1", "is in HK"),
        ("8.8.8.8", "is in US"),
        ("9.9.9.9", "has no record for all of it in one.mmdb"),
        ("1.1.1.1", "is answered by machines in many places (anycast), as one.mmdb says"),
        ("5.5.5.5", "has a record in one.mmdb that does not say where it is, at most where it is registered"),
        ("2400:3200::1", "is in CN"),
        ("2400:3200:8000::1", "is in SG"),
        ("2400:3200::/32", "reaches into CN and SG, as one.mmdb says"),
        ("2400:3200::/33", "is in CN"),
        ("::ffff:47.52.0.1", "is in HK"),
        ("2001:db8::1", "has no record for all of it in one.mmdb"),
        ("::/0", "has no record for all of it in one.mmdb"),
        ("0.0.0.0/0", "has no record for all of it in one.mmdb"),
    ] {
        assert_eq!(said(&quorum, network), expected, "{network}");
    }
}

#[test]
fn all_databases_must_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let members = [member(folder.path(), "one.mmdb", one()), member(folder.path(), "other.mmdb", other())];
    let quorum = Quorum::of(&members, built());
    for (network, expected) in [
        ("47.96.0.1", "is in CN"),
        ("47.96.7.7", "is in SG"),
        ("47.52.0.1", "is in HK by one.mmdb and in CN by other.mmdb"),
        ("47.112.0.1", "has no record for all of it in one.mmdb"),
        ("8.8.8.8", "has no record for all of it in other.mmdb"),
        ("2400:3200:8000::1", "is in SG by one.mmdb and in CN by other.mmdb"),
        ("2402:4e00::1", "has no record for all of it in other.mmdb"),
    ] {
        assert_eq!(said(&quorum, network), expected, "{network}");
    }
}

#[test]
fn one_that_is_too_old_or_missing_takes_all_answers_away() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) =
        (member(folder.path(), "one.mmdb", one()), member(folder.path(), "other.mmdb", other()));
    let old = Member { max_age: DAYS(7), ..other.clone() };
    let missing = Member { database: None, ..other.clone() };
    let kept = Member { trouble: Some("it broke".into()), ..other.clone() };
    let at = |days| built() + DAYS(days);
    let stale = Said::Stale { database: "other.mmdb".into(), built: built() };
    let gone = Said::Missing { database: "other.mmdb".into() };
    let inside = Said::Country(Country::of("CN").unwrap());
    for (members, now, expected) in [
        (vec![one.clone(), old.clone()], at(7), inside.clone()),
        (vec![one.clone(), old], at(8), stale),
        (vec![one.clone(), missing], at(0), gone.clone()),
        (vec![one.clone(), kept], at(0), inside.clone()),
        (vec![one.clone(), other.clone()], at(-1), inside),
        (vec![other], at(-3), gone),
        (vec![], at(0), Said::Missing { database: "a database".into() }),
    ] {
        let quorum = Quorum::of(&members, now);
        assert_eq!(quorum.country_of(network("47.96.0.1").unwrap()), expected, "{quorum:?}");
    }
}

#[test]
fn a_file_that_is_no_database_of_countries_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let good = database("Test-Country", BUILT, one());
    let cut = |length: usize| good.get(..length).unwrap().to_vec();
    for (bytes, why) in [
        (Vec::new(), "it is no whole MaxMind DB"),
        (b"<html>Not found</html>".to_vec(), "it is no whole MaxMind DB"),
        (cut(good.len() / 2), "it is no whole MaxMind DB"),
        (cut(good.len() - 3), "it is no whole MaxMind DB"),
        (database("Test-City", BUILT, one()), "of the type `Test-City`; use one of countries"),
        (database("Test-ASN", BUILT, [("8.8.8.0/24", json!({"asn": 15169}))]), "of the type `Test-ASN`"),
        (
            database("Test-Country", BUILT, [("8.8.8.0/24", json!({"asn": 15169}))]),
            "no record of it names a country",
        ),
        (database("Test-Country", BUILT, [("8.8.8.0/24", json!("US"))]), "it is no whole MaxMind DB"),
        (database("Test-Country", BUILT, []), "it is no whole MaxMind DB"),
        (database("Test-Country", 0, one()), "it does not say when it was built"),
    ] {
        let source = put(folder.path(), "broken.mmdb", &bytes);
        let error = read(&source.path, None).unwrap_err().to_string();
        assert!(error.starts_with(&source.path.display().to_string()) && error.contains(why), "{error}");
    }
    let error = read(&folder.path().join("absent.mmdb"), None).unwrap_err().to_string();
    assert!(error.contains("absent.mmdb cannot be read") && error.contains("put a database"), "{error}");
    let source = put(folder.path(), "good.mmdb", &good);
    read(&source.path, Some(Digest::of(&good))).unwrap();
    let error = read(&source.path, Some(Digest::of(b"other"))).unwrap_err().to_string();
    assert!(error.contains("has the SHA-256") && error.contains("or correct sha256"), "{error}");
}

#[test]
fn what_is_put_in_its_place_counts_unless_it_is_no_good() {
    let folder = tempfile::tempdir().unwrap();
    let source = put(folder.path(), "a.mmdb", &database("Test-Country", BUILT, one()));
    let mut library = Library::new(vec![source]);
    let first = library.look(built()).unwrap();
    assert_eq!(said(&first, "47.52.0.1"), "is in HK");
    assert!(library.look(built()).is_none(), "nothing changed");

    put(folder.path(), "a.mmdb", &database("Test-Country", BUILT + 60, other()));
    let second = library.look(built()).unwrap();
    assert_eq!(
        (said(&second, "47.52.0.1").as_str(), said(&first, "47.52.0.1").as_str()),
        ("is in CN", "is in HK")
    );

    put(folder.path(), "a.mmdb", b"broken");
    let third = library.look(built()).unwrap();
    assert_eq!(said(&third, "47.52.0.1"), "is in CN", "the old one stays");
    let kept = |service: &Service, said| matches!(service, Service::Kept(why) if why.contains(said));
    assert!(kept(&third.states()[0].service, "a.mmdb: it is no whole MaxMind DB"), "{third:?}");
    assert!(library.look(built()).is_none(), "it is told once");

    for (built_at, why) in
        [(BUILT - 86_400 * 40, "was built on 2026-04-18T"), (BUILT + 86_400 * 3, "was built on 2026-05-31T")]
    {
        put(folder.path(), "a.mmdb", &database("Test-Country", built_at, one()));
        let unfit = library.look(built()).unwrap();
        assert_eq!(said(&unfit, "47.52.0.1"), "is in CN", "the old one stays");
        assert!(kept(&unfit.states()[0].service, why), "{unfit:?}");
    }

    std::fs::remove_file(folder.path().join("a.mmdb")).unwrap();
    let fourth = library.look(built()).unwrap();
    assert!(kept(&fourth.states()[0].service, "cannot be read"), "{fourth:?}");
    assert!(library.look(built()).is_none(), "it is told once");

    let aged = library.look(built() + DAYS(31)).unwrap();
    assert_eq!(
        said(&aged, "47.96.0.1"),
        "cannot be looked up: a.mmdb of 2026-05-28 is too old; put a newer one in its place"
    );

    put(folder.path(), "a.mmdb", &database("Test-Country", BUILT + 86_400 * 30, one()));
    let fresh = library.look(built() + DAYS(31)).unwrap();
    assert_eq!(said(&fresh, "47.52.0.1"), "is in HK");
    assert_eq!(fresh.states()[0].service, Service::InUse);
}

#[test]
#[cfg(unix)]
fn a_mounted_volume_is_replaced_by_its_link() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    for (version, records) in [("..1", one()), ("..2", other())] {
        std::fs::create_dir(folder.path().join(version)).unwrap();
        put(&folder.path().join(version), "a.mmdb", &database("Test-Country", BUILT, records));
    }
    // As the kubelet does it for ConfigMaps and Secrets.
    let data = folder.path().join("..data");
    symlink("..1", &data).unwrap();
    symlink("..data/a.mmdb", folder.path().join("a.mmdb")).unwrap();
    let path = folder.path().join("a.mmdb");
    let mut library = Library::new(vec![Source { path, sha256: None, max_age: DAYS(30) }]);
    assert_eq!(said(&library.look(built()).unwrap(), "47.52.0.1"), "is in HK");
    symlink("..2", folder.path().join("..tmp")).unwrap();
    std::fs::rename(folder.path().join("..tmp"), &data).unwrap();
    assert_eq!(said(&library.look(built()).unwrap(), "47.52.0.1"), "is in CN");
}

/// Who copies files keeps when they were written, and whoever corrects a mode writes nothing.
#[test]
#[cfg(unix)]
fn what_was_put_there_is_seen_whenever_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let source = put(folder.path(), "a.mmdb", &database("Test-Country", BUILT, one()));
    let written = std::fs::metadata(&source.path).unwrap().modified().unwrap();
    let mut library = Library::new(vec![source.clone()]);
    assert_eq!(said(&library.look(built()).unwrap(), "47.52.0.1"), "is in HK");
    let elsewhere: Vec<_> = one()
        .into_iter()
        .map(|(network, record)| (network, if record == country("HK") { country("MO") } else { record }))
        .collect();
    let bytes = database("Test-Country", BUILT, elsewhere);
    assert_eq!(u64::try_from(bytes.len()).unwrap(), std::fs::metadata(&source.path).unwrap().len());
    let beside = put(folder.path(), "b.mmdb", &bytes);
    std::fs::File::options().write(true).open(&beside.path).unwrap().set_modified(written).unwrap();
    std::fs::rename(&beside.path, &source.path).unwrap();
    assert_eq!(said(&library.look(built()).unwrap(), "47.52.0.1"), "is in MO");
}

#[test]
fn what_says_nothing_is_told_by_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let quorum = Quorum::of(&[member(folder.path(), "one.mmdb", one())], built());
    let silent = |silence| Said::Nothing { database: "one.mmdb".into(), silence };
    for (address, silence) in
        [("9.9.9.9", Silence::NoRecord), ("5.5.5.5", Silence::NoCountry), ("1.1.1.1", Silence::Anycast)]
    {
        assert_eq!(quorum.country_of(network(address).unwrap()), silent(silence));
    }
}
