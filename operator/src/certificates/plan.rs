//! What is to be done about the certificates at a moment. (pure)

use jiff::{SignedDuration, Timestamp};

use super::Material;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Keep,
    /// There is nothing that can be used: make everything anew.
    Everything,
    /// The authority grows old: make its successor, and let it wait in the bundle.
    NextAuthority,
    /// The leaf grows old, or is not for the names that are asked for: sign a new one with the same authority.
    Leaf,
    /// The same, signed by the successor, which takes over.
    LeafBySuccessor,
}

/// How long a successor waits in the bundle before it signs: longer than any API server needs to see the bundle.
const IN_THE_BUNDLE: SignedDuration = SignedDuration::from_hours(24);

/// What to do about `material` at `now`, where the leaf must be good for `names`.
pub fn plan(material: Option<&Material>, names: &[String], now: Timestamp) -> Step {
    let Some(Material { current, next, previous: _, leaf }) = material else { return Step::Everything };
    if now >= current.not_after || now < current.not_before {
        return Step::Everything;
    }
    let for_our_names = names.iter().all(|name| leaf.names.contains(name));
    if !for_our_names || is_old(leaf.not_before, leaf.not_after, now) {
        let seen = next.as_ref().is_some_and(|next| now.duration_since(next.not_before) >= IN_THE_BUNDLE);
        return if seen { Step::LeafBySuccessor } else { Step::Leaf };
    }
    if next.is_none() && is_old(current.not_before, current.not_after, now) {
        return Step::NextAuthority;
    }
    Step::Keep
}

/// Whether two thirds of a life are over.
fn is_old(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> bool {
    let life = not_after.duration_since(not_before);
    now < not_before || now.duration_since(not_before) >= life / 3 * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::{Serving, issue};

    fn names() -> Vec<String> {
        vec!["bund-webhook.bund-system.svc".to_owned()]
    }

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + days * 86_400).unwrap()
    }

    /// Does what is planned until nothing is left to do.
    fn settle(material: &mut Option<Material>, days: i64) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            let step = plan(material.as_ref(), &names(), at(days));
            if step == Step::Keep {
                return steps;
            }
            steps.push(step);
            *material = Some(issue(step, material.as_ref(), &names(), at(days)).unwrap());
        }
    }

    #[test]
    fn a_leaf_is_renewed_when_two_thirds_of_its_life_are_over() {
        let mut material = None;
        assert_eq!(settle(&mut material, 0), [Step::Everything]);
        assert_eq!(settle(&mut material, 59), []);
        assert_eq!(settle(&mut material, 61), [Step::Leaf]);
        assert_eq!(settle(&mut material, 62), []);
    }

    #[test]
    fn an_authority_waits_in_the_bundle_before_it_signs_and_stays_while_its_leaves_live() {
        let mut material = None;
        settle(&mut material, 0);
        let first = material.clone().unwrap().current.certificate;
        let (mut waited, mut took_over) = (None, None);
        for day in 0..5 * 365 {
            let steps = settle(&mut material, day);
            let now = material.as_ref().unwrap();
            assert!(now.leaf.not_after > at(day + 20), "the leaf is never near its end");
            assert!(now.current.not_after >= now.leaf.not_after, "no leaf outlives its authority");
            if steps.contains(&Step::NextAuthority) {
                waited = Some(day);
            }
            if steps.contains(&Step::LeafBySuccessor) {
                took_over.get_or_insert(day);
            }
            let old_leaf_may_live = took_over.is_none_or(|since| day < since + 31);
            assert!(!old_leaf_may_live || now.bundle().contains(first.trim()), "day {day}");
        }
        let (waited, took_over) = (waited.unwrap(), took_over.unwrap());
        assert!(took_over > waited, "{took_over} {waited}");
        assert!(!material.unwrap().bundle().contains(first.trim()), "in the end the old authority is gone");
    }

    #[test]
    fn other_names_and_what_has_expired_are_made_anew() {
        let mut material = None;
        settle(&mut material, 0);
        let other = ["127.0.0.1".to_owned()];
        assert_eq!(plan(material.as_ref(), &other, at(0)), Step::Leaf);
        assert_eq!(plan(material.as_ref(), &names(), at(5 * 365)), Step::Everything);
        assert_eq!(plan(material.as_ref(), &names(), at(-2)), Step::Everything);
    }

    #[test]
    fn what_is_stored_reads_back() {
        let mut material = None;
        settle(&mut material, 0);
        settle(&mut material, 4 * 365);
        let material = material.unwrap();
        assert!(material.next.is_some());
        assert_eq!(Material::read(&material.data()).unwrap(), material);
        assert_eq!(Serving::read(&material.data()).unwrap(), Serving::from(&material));
        let mut broken = material.data();
        broken.remove("ca.key");
        assert!(Material::read(&broken).is_err());
        assert!(Serving::read(&broken).is_ok(), "who only serves needs no authority's key");
        broken.remove("tls.key");
        assert!(Serving::read(&broken).is_err());
    }
}
