//! Shards whose time is over.

use std::{fs, sync::Arc};

use bund_engine::Timestamp;
use bund_ledger::{Directory, Draft, EntryId, Event, Keys, Log, Opening, SecretKey};

use super::Desk;

/// A desk with a ledger of the years 2015 to 2018.
fn old() -> Desk {
    let desk = Desk::empty();
    fs::create_dir(desk.path("led")).unwrap();
    let key = SecretKey::generate("ledger.example.com/test".parse().unwrap());
    fs::write(desk.path("key"), key.to_text()).unwrap();
    let store = Arc::new(Directory::new(&desk.path("led")).unwrap());
    let opening = Opening { store, keys: Keys::of(key), by: "test".to_owned(), anchors: Vec::new() };
    let at = |year: u16| format!("{year}-06-01T00:00:00Z").parse::<Timestamp>().unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let mut log = Log::init(opening, at(2015)).await.unwrap();
        for year in 2015..2019 {
            let id = EntryId::new(&format!("test:{year}")).unwrap();
            let event = Event::Noted { text: "x".to_owned(), about: None };
            log.append(&[Draft { id, event, retain_until: None }], at(year)).await.unwrap();
        }
        log.publish().await.unwrap();
    });
    desk
}

#[test]
fn a_shard_whose_time_is_over_is_dropped_where_somebody_says_so() {
    let desk = old();
    let drop = ["drop", "led", "--key", "key", "--shard", "2015"];
    let told = desk.good(&drop);
    let expected = "2015, of which the last entry had to be kept until 2019-06-02T00:00:00Z: may be deleted; add --yes to do it\n";
    assert_eq!(told, expected);
    assert!(desk.path("led/2015/log.json").exists());
    assert!(desk.good(&[&drop[..], &["--yes"]].concat()).ends_with(": deleted\n"));
    assert!(!desk.path("led/2015").exists());
    let told = desk.refused(&drop, 1);
    assert_eq!(told, "bund: 2015 stays: only shards before the last two can be dropped\n");
    let status = desk.good(&["status", "led"]);
    assert!(status.starts_with("ledger.example.com/test in led; shards: 4,"), "{status}");
    desk.good(&["verify", "led"]);
    desk.good(&["export", "led", "out"]);
    desk.good(&["verify", "out"]);
}

#[test]
fn a_shard_that_the_log_goes_on_in_is_kept() {
    let desk = Desk::new();
    let told = desk.refused(&["drop", "led", "--key", "key", "--shard", &desk.shard(), "--yes"], 1);
    assert!(told.ends_with("stays: only shards before the last two can be dropped\n"), "{told}");
}
