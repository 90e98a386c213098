//! What the map of a shop tells.

use bund::data_flow::{Phase, Side, html::html, svg, text, word::Language};
use bund_engine::transfer::State;
use serde_json::{Value, json};

use super::{here, map, run};

#[test]
fn people_read_the_whole_map_in_both_languages() {
    for (language, file) in [(Language::En, "map.txt"), (Language::Zh, "map.zh-CN.txt")] {
        run::assert_kept(&here(file), &text(&map(), language));
    }
}

#[test]
fn the_guide_shows_the_picture_of_this_map() {
    let docs = here("../../../../docs");
    run::assert_kept(&docs.join("data-flow.svg"), &svg(&map(), Language::En));
    run::assert_kept(&docs.join("data-flow.zh-CN.svg"), &svg(&map(), Language::Zh));
}

#[test]
fn programs_read_the_whole_map() {
    let json = serde_json::to_string_pretty(&map()).unwrap() + "\n";
    run::assert_kept(&here("map.json"), &json);
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let (one, other) = (map(), map());
    for language in [Language::En, Language::Zh] {
        assert_eq!(html(&one, language), html(&other, language));
        assert_eq!(svg(&one, language), svg(&other, language));
    }
}

#[test]
fn pods_claims_and_volumes_are_told_with_their_workload() {
    let map = map();
    let holders = map.holders.unwrap();
    let rows: Vec<_> = holders
        .iter()
        .map(|holder| {
            let owner = holder.owner.as_ref().map(|owner| format!("{} {}", owner.kind, owner.name));
            (owner.unwrap_or_default(), holder.kind.as_str(), holder.objects, holder.places[0].side)
        })
        .collect();
    let expected = [
        (String::new(), "ConfigMap", 1, Side::Unknown),
        (String::new(), "Pod", 1, Side::Unknown),
        (String::new(), "Secret", 2, Side::Unknown),
        ("Deployment crm".to_owned(), "Pod", 2, Side::Outside),
        ("StatefulSet orders".to_owned(), "PersistentVolume", 2, Side::Inside),
        ("StatefulSet orders".to_owned(), "PersistentVolumeClaim", 2, Side::Inside),
        ("StatefulSet orders".to_owned(), "Pod", 2, Side::Inside),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn what_goes_out_is_told_with_the_transfer_that_covers_it_or_with_none() {
    let told = serde_json::to_value(map()).unwrap();
    let of = |pointer: &str| -> Vec<Value> {
        told["holders"].as_array().unwrap().iter().map(|row| row[pointer].clone()).collect()
    };
    let crm = json!([{"namespace": "shop", "name": "crm"}]);
    let none = json!([]);
    let uncovered = json!([{"reason": "NodeOutside", "to": ["Node edge-1"]}]);
    assert_eq!(of("coveredBy"), [&none, &none, &none, &crm, &none, &none, &none].map(Clone::clone));
    assert_eq!(of("sourcesOf"), of("coveredBy"));
    assert_eq!(of("uncovered"), [&none, &uncovered, &none, &none, &none, &none, &none].map(Clone::clone));
}

#[test]
fn transfers_are_told_in_effect_first_and_with_what_is_left_of_them() {
    let told: Vec<_> = map()
        .transfers
        .into_iter()
        .map(|one| (one.id.name, one.phase, one.state, one.recipient.map(|recipient| recipient.name)))
        .collect();
    let example = || Some("Example GmbH".to_owned());
    let expected = [
        ("crm", Phase::InEffect, State::Active, example()),
        ("planned", Phase::Pending, State::Closed, example()),
        ("old-crm", Phase::Ended, State::Revoked, None),
    ];
    assert_eq!(
        told,
        expected.map(|(name, phase, state, recipient)| (name.to_owned(), phase, state, recipient))
    );
}
