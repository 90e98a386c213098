//! Random lives of pods, claims, volumes and snapshots, compared with a plain model of where the data is.
//!
//! The model knows nothing of labels and links: it keeps a set of classes per disk and per running pod, and lets
//! data flow as pods read and write and as drivers copy. Bund sees only requests and objects. Whatever happens in
//! whatever order, as long as nobody may declassify: every object that stands for a disk holds the classes of what is
//! on it, and every running pod those of what it has read.
//!
//! Taken for granted, and said in `docs/operations.md`: the controller marks a volume before its claim, its alias or
//! the source of its copy is deleted or let go. Writes need no such luck, because a pod is bound only after marking.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::Index};

#[path = "support/acts.rs"]
mod acts;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/facts.rs"]
#[expect(dead_code, reason = "of what the other tests need, only the world counts here")]
mod facts;
#[path = "support/pods.rs"]
#[expect(dead_code, reason = "of the pods that the other tests make, only their number counts here")]
mod pods;

use cluster::{Classes, Cluster};
use facts::CLASS;

/// One step in the life of a cluster. Names are small numbers, so that steps meet.
#[derive(Clone, Debug)]
enum Step {
    /// All that it takes for a pod to run on a claim, in the usual order.
    Run {
        pod: u8,
        claim: u8,
        holds: Holds,
        read_only: bool,
        marked: bool,
        abroad: bool,
    },
    /// All that it takes to copy a claim.
    Copy {
        of: u8,
        to: u8,
    },
    CreatePod {
        pod: u8,
        claim: u8,
        holds: Holds,
        read_only: bool,
    },
    BindPod {
        pod: u8,
        abroad: bool,
        overwriting: bool,
    },
    DeletePod {
        pod: u8,
    },
    CreateClaim {
        claim: u8,
        from: Source,
    },
    Provision {
        claim: u8,
    },
    DeleteClaim {
        claim: u8,
    },
    LetGo {
        volume: Index,
    },
    BindVolume {
        volume: Index,
        claim: u8,
    },
    Alias {
        volume: Index,
    },
    DeleteVolume {
        volume: Index,
    },
    TakeSnapshot {
        snapshot: u8,
        claim: u8,
    },
    DeleteSnapshot {
        snapshot: u8,
    },
    Wash {
        object: Index,
        how: Washing,
    },
    Mark,
}

#[derive(Clone, Copy, Debug)]
enum Holds {
    Nothing,
    ByLabel,
    BySelector,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Nothing,
    Claim(u8),
    Snapshot(u8),
}

#[derive(Clone, Copy, Debug)]
enum Washing {
    DropLabels,
    Relabel,
    Declassify,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || 0..3_u8;
    let holds = prop_oneof![Just(Holds::Nothing), Just(Holds::ByLabel), Just(Holds::BySelector)];
    let source =
        prop_oneof![Just(Source::Nothing), name().prop_map(Source::Claim), name().prop_map(Source::Snapshot)];
    let washing = prop_oneof![Just(Washing::DropLabels), Just(Washing::Relabel), Just(Washing::Declassify)];
    prop_oneof![
        16 => (name(), name(), holds.clone(), prop::bool::weighted(0.2), prop::bool::weighted(0.7), prop::bool::weighted(0.3))
            .prop_map(|(pod, claim, holds, read_only, marked, abroad)| Step::Run { pod, claim, holds, read_only, marked, abroad }),
        4 => (name(), name()).prop_map(|(of, to)| Step::Copy { of, to }),
        6 => (name(), name(), holds, prop::bool::weighted(0.2))
            .prop_map(|(pod, claim, holds, read_only)| Step::CreatePod { pod, claim, holds, read_only }),
        8 => (name(), any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(pod, abroad, overwriting)| Step::BindPod { pod, abroad, overwriting }),
        6 => name().prop_map(|pod| Step::DeletePod { pod }),
        5 => (name(), source).prop_map(|(claim, from)| Step::CreateClaim { claim, from }),
        6 => name().prop_map(|claim| Step::Provision { claim }),
        2 => name().prop_map(|claim| Step::DeleteClaim { claim }),
        2 => any::<Index>().prop_map(|volume| Step::LetGo { volume }),
        3 => (any::<Index>(), name()).prop_map(|(volume, claim)| Step::BindVolume { volume, claim }),
        1 => any::<Index>().prop_map(|volume| Step::Alias { volume }),
        1 => any::<Index>().prop_map(|volume| Step::DeleteVolume { volume }),
        3 => (name(), name()).prop_map(|(snapshot, claim)| Step::TakeSnapshot { snapshot, claim }),
        1 => name().prop_map(|snapshot| Step::DeleteSnapshot { snapshot }),
        4 => (any::<Index>(), washing).prop_map(|(object, how)| Step::Wash { object, how }),
        4 => Just(Step::Mark),
    ]
}

proptest! {
    // Each life is compared after each of its steps: a third as many lives take as long as the other properties.
    #![proptest_config(ProptestConfig { cases: pods::config().cases / 3, ..pods::config() })]

    #[test]
    fn nothing_that_holds_classified_data_ever_forgets_it(steps in prop::collection::vec(step(), 1..60)) {
        let mut cluster = Cluster::new();
        for step in &steps {
            cluster.take(step);
            cluster.check(step);
        }
    }
}

#[test]
fn in_the_model_data_flows_as_it_does_in_a_cluster() {
    let mut cluster = Cluster::new();
    let pod = |pod, claim, holds| Step::CreatePod { pod, claim, holds, read_only: false };
    let bind = |pod, abroad| Step::BindPod { pod, abroad, overwriting: false };
    for step in [
        Step::CreateClaim { claim: 0, from: Source::Nothing },
        Step::Provision { claim: 0 },
        pod(0, 0, Holds::ByLabel),
        // Nothing is marked yet.
        bind(0, false),
    ] {
        cluster.take(&step);
    }
    assert_eq!(cluster.running, BTreeMap::new());
    for step in [
        Step::Mark,
        bind(0, false),
        Step::CreateClaim { claim: 1, from: Source::Claim(0) },
        Step::Provision { claim: 1 },
        Step::DeletePod { pod: 0 },
        pod(1, 1, Holds::Nothing),
        bind(1, true),
        bind(1, false),
    ] {
        cluster.take(&step);
    }
    let held = Classes::from([CLASS]);
    let disks = ["disk-pv-1", "disk-pv-2"].map(|disk| (disk.to_owned(), held.clone()));
    assert_eq!(cluster.disks, BTreeMap::from(disks));
    // The pod that names no place is not confined, so that it never came to be.
    assert_eq!(cluster.running, BTreeMap::new());
}
