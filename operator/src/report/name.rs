//! What the report of an owner is called: the same for as long as the owner has its name. (pure)

use crate::digest::digest;
use crate::index::SubjectKey;

/// The longest name that is not cut, in bytes. The API server takes 253.
const LIMIT: usize = 200;
/// As many bytes of a digest as no two names share, whoever makes them up.
const DIGEST: usize = 16;

/// The name of an owner's report: `bund-<kind>-<name>`.
///
/// Where that is no name that the API server takes, or too long, it is `bund-<kind>.<digest>`. No owner's own name leads
/// there, so none can take the report of another.
pub(super) fn report_name(owner: &SubjectKey) -> String {
    let kind = owner.kind.to_ascii_lowercase();
    let name = format!("bund-{kind}-{}", owner.name);
    if name.len() <= LIMIT && is_subdomain(&name) {
        return name;
    }
    format!("bund-{kind}.{}", digest(&owner.name, DIGEST))
}

/// Whether it is a DNS subdomain, but for its length.
fn is_subdomain(name: &str) -> bool {
    let is_label = |label: &str| {
        let ends = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
        label.starts_with(ends) && label.ends_with(ends) && label.chars().all(|c| ends(c) || c == '-')
    };
    name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(kind: &'static str, name: &str) -> String {
        report_name(&SubjectKey { namespace: "shop".into(), kind, name: name.into() })
    }

    #[test]
    fn a_name_says_whose_report_it_is() {
        assert_eq!(name("Deployment", "orders"), "bund-deployment-orders");
        assert_eq!(name("PersistentVolume", "pvc-1.example"), "bund-persistentvolume-pvc-1.example");
    }

    #[test]
    fn what_is_too_long_or_no_name_is_hashed_and_meets_no_other() {
        let long = name("Pod", &"a".repeat(250));
        let odd = ["Upper", "under_score", "ends-", "two..dots"].map(|odd| name("Pod", odd));
        for name in odd.iter().chain([&long]) {
            assert!(is_subdomain(name) && name.len() <= LIMIT, "{name}");
            assert!(name.starts_with("bund-pod."), "{name}");
        }
        assert_ne!(long, name("Pod", &"a".repeat(251)));
    }
}
