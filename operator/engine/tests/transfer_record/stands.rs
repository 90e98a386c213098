//! Whether a transfer is in effect, and what keeps it closed.

use super::*;

/// A change, and how what it hinders says so.
type Hindrance = (&'static str, fn(&mut Snapshot), &'static str);

const HINDRANCES: [Hindrance; 6] = [
    ("the law", |known| forget(known, &exporter()), "the route is not known: the exporter is not known"),
    ("the namespace", |known| observe(known, &namespace(false)), "the namespace shop is not guarded"),
    (
        "nobody keeps watch",
        |known| known.set_watch(Watch::Until(time(NOON))),
        "nobody kept watch over what is in effect after 2026-06-01T12:00:00Z: everybody approves again",
    ),
    (
        "an approval cannot be read",
        |known| unreadable(known, "TransferApproval", Some(NAMESPACE)),
        "the TransferApproval x cannot be read, and may be one that ends it: spec: is missing",
    ),
    (
        "an event cannot be read",
        |known| unreadable(known, "LedgerEvent", None),
        "the LedgerEvent x cannot be read, and may be one that ends it: spec: is missing",
    ),
    (
        "too few approve now",
        |known| {
            observe(known, &decision("a-2", &declared(), "Approved", "person-1", BEGINS));
        },
        "1 of 2 approvals are there",
    ),
];

fn unreadable(known: &mut Snapshot, kind: &str, namespace: Option<&str>) {
    let object = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": {"name": "x", "namespace": namespace}
    });
    assert_eq!(known.observe(&object), Observed::Unreadable);
}

#[test]
fn what_hinders_a_transfer_keeps_it_closed_and_closes_it_without_a_write() {
    for (what, change, why) in HINDRANCES {
        let mut known = ready();
        assert_eq!(standing(&known, NOON), Standing::Ready, "{what}");
        change(&mut known);
        assert_eq!(standing(&known, NOON), Standing::Closed(why.to_owned()), "{what}");
        let opens = |due: &Due| &*due.name == "u-1.0" && format!("{:?}", due.spec.event) == "Activated";
        assert!(!due(&known, NOON).iter().any(opens), "{what}");

        let mut known = active();
        assert_eq!(standing(&known, NOON), Standing::Active(time(ENDS)), "{what}");
        change(&mut known);
        assert_eq!(standing(&known, NOON), Standing::Suspended(why.to_owned()), "{what}");
        let due = due(&known, NOON);
        let told: Vec<_> = due.iter().take(1).map(|due| (&*due.name, due.spec.why.as_str())).collect();
        assert_eq!(told, [("u-1.1", why)], "{what}: the record follows");
    }
}

#[test]
fn what_concerns_others_hinders_nothing() {
    let mut known = active();
    unreadable(&mut known, "TransferApproval", Some("till"));
    unreadable(&mut known, "CrossBorderTransfer", Some("till"));
    assert_eq!(standing(&known, NOON), Standing::Active(time(ENDS)));
    assert_eq!(due(&known, NOON), []);
}

#[test]
fn a_transfer_is_in_effect_from_its_beginning_up_to_its_end() {
    let mut known = ready();
    assert_eq!(
        standing(&known, "2026-05-31T23:59:59Z"),
        Standing::Closed("it begins at 2026-06-01T00:00:00Z".to_owned())
    );
    assert_eq!(record(&mut known, BEGINS).last().map(String::as_str), Some("u-1.0 Activated"));
    assert_eq!(standing(&known, "2026-12-31T15:59:59Z"), Standing::Active(time(ENDS)));
    let over = ended(End::Expired, "its time was over at 2026-12-31T16:00:00Z");
    assert_eq!(standing(&known, ENDS), over);
    assert_eq!(record(&mut known, ENDS), ["u-1.1 Expired"]);
    // A clock that jumps back revives nothing.
    assert_eq!(standing(&known, NOON), over);
}

#[test]
fn a_clock_that_jumps_back_is_taken_for_as_late_as_the_record() {
    let mut known = active();
    let mut other = transfer("other", "u-2", BEGINS, "2026-06-01T13:00:00Z");
    other["spec"]["exporter"] = json!("91350100M000100Y43");
    observe(&mut known, &other);
    let mut later = due(&active_without_approval(), "2026-06-01T14:00:00Z").remove(0);
    later.spec.observed_at = bund_crds::Moment(time("2026-06-01T14:00:00Z"));
    observe(&mut known, &event(&later));
    let over = ended(End::Expired, "its time was over at 2026-06-01T13:00:00Z");
    assert_eq!(standing_of("other", &known, NOON), over);
    assert_eq!(known.transfers().latest(), Some(time("2026-06-01T14:00:00Z")));
}
