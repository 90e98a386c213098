//! What holds for every number of persons.

use alloc::{format, vec::Vec};

use bund_crds::cross_border_transfer::Ground;
use proptest::{collection::vec, prelude::*};

use super::{
    super::{
        contents::Share,
        route::{Handler, Question, ruling},
    },
    *,
};

/// The decision table once more, from below and without an order of its own: each row says all that it asks for.
fn oracle(of: &Question) -> Route {
    let Question { personal, important, handler, ground, persons: Share { ordinary: n, sensitive: s } } = *of;
    let declared = match ground {
        None | Some(Ground::BelowThreshold | Ground::NoPersonalNorImportantData) => false,
        Some(_) => true,
    };
    let row_1 = !personal && !important;
    let row_2 = important;
    let organ = personal && !important && handler == Handler::StateOrgan;
    let rows_3_to_6 = personal && !important && !organ && declared;
    let counted = personal && !important && !organ && !declared;
    let row_7 = counted && handler == Handler::Critical;
    let row_8 = counted && handler == Handler::Ordinary && (n >= 1_000_000 || s >= 10_000);
    let row_9 = counted
        && handler == Handler::Ordinary
        && ((100_000..1_000_000).contains(&n) && s < 10_000 || (1..10_000).contains(&s) && n < 1_000_000);
    let row_10 = counted && handler == Handler::Ordinary && n < 100_000 && s == 0;
    let rows = [
        (row_1, Route::NotRequired),
        (row_2, Route::SecurityAssessment),
        (organ, Route::SecurityAssessment),
        (rows_3_to_6, Route::Exempt),
        (row_7, Route::SecurityAssessment),
        (row_8, Route::SecurityAssessment),
        (row_9, Route::StandardContractOrCertification),
        (row_10, Route::Exempt),
    ];
    let fits: Vec<Route> = rows.into_iter().filter(|(fits, _)| *fits).map(|(_, route)| route).collect();
    assert_eq!(fits.len(), 1, "one row fits {of:?}");
    fits[0]
}

/// Numbers near the boundaries more often than others.
fn number() -> impl Strategy<Value = u64> {
    let near = prop_oneof![Just(1_u64), Just(10_000), Just(100_000), Just(1_000_000)];
    prop_oneof![
        Just(0_u64),
        (near, 0_u64..3).prop_map(|(boundary, add)| boundary + add - 1),
        0_u64..2_000_000,
        Just(u64::MAX)
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let grounds = prop::sample::select(Vec::from([
        Ground::NoPersonalNorImportantData,
        Ground::ForeignOrigin,
        Ground::ContractNecessity,
        Ground::HumanResources,
        Ground::Emergency,
        Ground::StatutoryDuty,
        Ground::BelowThreshold,
        Ground::FreeTradeZone,
        Ground::Treaty,
    ]));
    let handlers = prop_oneof![Just(Handler::Ordinary), Just(Handler::Critical), Just(Handler::StateOrgan)];
    (any::<bool>(), any::<bool>(), handlers, prop::option::of(grounds), number(), number()).prop_map(
        |(personal, important, handler, ground, ordinary, sensitive)| Question {
            personal,
            important,
            handler,
            ground,
            persons: Share { ordinary, sensitive },
        },
    )
}

/// The route of a transfer of these persons, after others were in effect this year.
fn after(recorded: &[[u64; 3]], own: [u64; 3], supersedes: bool) -> Route {
    let mut snapshot = world();
    let mut before: Option<String> = None;
    for (index, [ordinary, sensitive, under_14]) in recorded.iter().enumerate() {
        let uid = format!("u-{index}");
        let persons = persons(*ordinary, *sensitive, *under_14);
        let mut event = event(&uid, 0, "Activated", "2026-02-01T00:00:00Z", &persons);
        if let Some(before) = before.replace(uid).filter(|_| supersedes) {
            event = superseding(event, &before);
        }
        observe(&mut snapshot, &event);
    }
    let [ordinary, sensitive, under_14] = own;
    route(&snapshot, &with(&transfer(), "/persons", persons(ordinary, sensitive, under_14))).unwrap()
}

fn some() -> impl Strategy<Value = [u64; 3]> {
    let few = prop_oneof![Just(0_u64), 0_u64..12_000, 0_u64..1_200_000];
    [few.clone(), few.clone(), few]
}

proptest! {
    #[test]
    fn the_route_is_the_one_that_a_second_spelling_of_the_table_gives(question in question()) {
        prop_assert_eq!(ruling(&question).route, oracle(&question));
    }

    #[test]
    fn more_of_anything_is_never_lighter(
        question in question(),
        more in (number(), number()),
        handler in prop_oneof![Just(Handler::Critical), Just(Handler::StateOrgan)],
    ) {
        let before = ruling(&question).route;
        let Share { ordinary, sensitive } = question.persons;
        let heavier = [
            Question { personal: true, ..question },
            Question { important: true, ..question },
            Question { handler: question.handler.max(handler), ..question },
            Question { ground: None, ..question },
            Question {
                persons: Share {
                    ordinary: ordinary.saturating_add(more.0),
                    sensitive: sensitive.saturating_add(more.1),
                },
                ..question
            },
            // Persons whose information turns out to be sensitive.
            Question { persons: Share { ordinary: 0, sensitive: sensitive.saturating_add(ordinary) }, ..question },
        ];
        for question in heavier {
            prop_assert!(ruling(&question).route >= before, "{:?}", question);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn more_persons_and_younger_ones_are_never_lighter(recorded in vec(some(), 0..4), own in some(), more in some()) {
        let before = after(&recorded, own, false);
        let sum = [own[0] + more[0], own[1] + more[1], own[2] + more[2]];
        prop_assert!(after(&recorded, sum, false) >= before);
        // All who are sensitive are under 14 now.
        prop_assert!(after(&recorded, [own[0], own[1], own[1].max(own[2])], false) >= before);
        let mut longer = recorded.clone();
        longer.push(more);
        prop_assert!(after(&longer, own, false) >= before);
    }

    #[test]
    fn splitting_never_helps(parts in vec(some(), 1..6)) {
        let whole = parts.iter().fold([0; 3], |sum: [u64; 3], part| {
            // Each part counts the larger of sensitive and under 14.
            [sum[0] + part[0], sum[1] + part[1].max(part[2]), 0]
        });
        let (last, first) = parts.split_last().unwrap();
        prop_assert_eq!(after(first, *last, false), after(&[], whole, false));
    }

    #[test]
    fn a_line_counts_as_its_largest(parts in vec(some(), 1..6)) {
        let largest = parts.iter().fold([0; 3], |largest: [u64; 3], part| {
            [largest[0].max(part[0]), largest[1].max(part[1].max(part[2])), 0]
        });
        prop_assert_eq!(after(&parts, [0, 0, 0], true), after(&[largest], [0, 0, 0], false));
    }
}
