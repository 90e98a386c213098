//! The names of hosts inside one jurisdiction.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use bund_crds::{HostPattern, HostSuffix, JurisdictionSpec, RegionId};

/// The names of hosts inside one jurisdiction.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    suffixes: Vec<HostSuffix>,
    /// By the domain of the pattern, which is its last two labels.
    patterns: BTreeMap<Box<str>, Vec<Built>>,
}

/// How a provider builds names of hosts, and with which regions.
#[derive(Clone, Debug)]
struct Built {
    pattern: HostPattern,
    regions: Arc<BTreeSet<RegionId>>,
}

impl Hosts {
    /// Those of every provider: a destination may lie in a cloud that this cluster does not run on.
    pub(super) fn of(spec: &JurisdictionSpec) -> Self {
        let mut patterns: BTreeMap<Box<str>, Vec<Built>> = BTreeMap::new();
        for provider in &spec.providers {
            let regions = Arc::new(provider.regions.iter().cloned().collect());
            for pattern in &provider.host_patterns {
                let built = Built { pattern: pattern.clone(), regions: Arc::clone(&regions) };
                patterns.entry(domain(pattern.as_str()).into()).or_default().push(built);
            }
        }
        Self { suffixes: spec.host_suffixes.clone(), patterns }
    }

    /// Whether a host of this name, in the one spelling of [`Host`](crate::address::Host), is inside.
    pub(super) fn hold(&self, host: &str) -> bool {
        let below = |suffix: &HostSuffix| {
            let labels = host.strip_suffix(suffix.as_str());
            labels.is_some_and(|labels| labels.is_empty() || labels.ends_with('.'))
        };
        let built = |built: &Built| built.pattern.matches(host, |region| built.regions.contains(region));
        self.suffixes.iter().any(below)
            || self.patterns.get(domain(host)).is_some_and(|all| all.iter().any(built))
    }
}

/// The last two labels of a name.
fn domain(name: &str) -> &str {
    let dot = name.rmatch_indices('.').nth(1);
    dot.and_then(|(at, _)| name.get(at + 1..)).unwrap_or(name)
}
