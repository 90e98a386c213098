//! Hosts and addresses that are inside by exact lists, in a form that CEL can decide on. (pure)
//!
//! Architecture Invariant: what this lets through the engine calls inside (`e2e/tests/suite/connect.rs`). It is stricter: no
//! name in another spelling than the plain one, no address inside another, no database.

use std::collections::BTreeSet;

use bund_crds::{Cidr, HostPattern, JurisdictionSpec};
use bund_engine::address::reach::{Reach, special};
use bund_engine::snapshot::World;
use serde_json::json;

use crate::registration::{Strictest, callbacks::Variable};

/// Room for the expressions of all patterns. Those that do not fit are not inside here: an object of the API server has
/// its limits.
const PATTERNS: usize = 256 * 1024;

/// What is inside every jurisdiction that the strictest policies share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Hosts of these names, and below.
    suffixes: BTreeSet<String>,
    /// Anchored expressions that names of hosts match.
    patterns: BTreeSet<String>,
    /// Networks of this cluster.
    declared: BTreeSet<String>,
    /// Public networks of the jurisdictions.
    listed: BTreeSet<String>,
}

impl Inside {
    /// What is inside all that `strictest` allows.
    pub fn of(strictest: &Strictest, world: &World) -> Self {
        let mut inside = Self::default();
        for name in &strictest.jurisdictions {
            // Networks that the cluster declares lie where the cluster does.
            if world.location().jurisdiction.as_ref() == Some(name) {
                inside.declared.extend(texts(&world.location().networks));
            }
            if let Some(spec) = world.jurisdiction_spec(name) {
                inside.add(spec);
            }
        }
        inside
    }

    fn add(&mut self, spec: &JurisdictionSpec) {
        self.listed.extend(texts(&spec.networks));
        self.suffixes.extend(spec.host_suffixes.iter().map(ToString::to_string));
        let mut room = PATTERNS.saturating_sub(self.patterns.iter().map(String::len).sum());
        for provider in &spec.providers {
            let regions: Vec<_> = provider.regions.iter().map(AsRef::as_ref).collect();
            for pattern in &provider.host_patterns {
                let expression = expression(pattern, &regions);
                let Some(left) = room.checked_sub(expression.len()) else { return };
                room = left;
                self.patterns.insert(expression);
            }
        }
    }

    /// The lists as variables.
    pub(super) fn variables(&self) -> Vec<Variable> {
        let Self { suffixes, patterns, declared, listed } = self;
        let of_reach = |wanted: fn(&Reach) -> bool| -> Vec<String> {
            special().filter(|(_, reach)| wanted(reach)).map(|(network, _)| network.to_string()).collect()
        };
        // Most of IPv6 was given to nobody: there an address must be in a part that was.
        let known = |reach: &Reach| !matches!(reach, Reach::Nowhere(_));
        let known: Vec<_> = of_reach(known).into_iter().filter(|network| network.contains(':')).collect();
        vec![
            ("suffixes", list(suffixes)),
            ("patterns", list(patterns)),
            ("declared", list(declared)),
            ("listed", list(listed)),
            ("nowhere", list(of_reach(|reach| matches!(reach, Reach::Nowhere(_))))),
            ("private", list(of_reach(|reach| matches!(reach, Reach::Private(_))))),
            ("ipv6", list(known)),
        ]
    }
}

fn texts(networks: &[Cidr]) -> impl Iterator<Item = String> {
    networks.iter().map(ToString::to_string)
}

/// A list of texts as a CEL literal, which JSON is too. An empty one has to be told what it would hold.
fn list(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| text.as_ref().to_owned()).collect();
    if texts.is_empty() { "[''].filter(x, x != '')".to_owned() } else { json!(texts).to_string() }
}

/// Names in the plain spelling: no international one, and none that some reader takes for a number.
const PLAIN: &str = "'^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'";

/// Whether `host`, an expression in lower case, is inside.
pub(super) fn test(host: &str) -> String {
    let holds = |networks: &str| format!("variables.{networks}.exists(n, cidr(n).containsIP({host}))");
    let (nowhere, private, ipv6) = (holds("nowhere"), holds("private"), holds("ipv6"));
    let (declared, listed) = (holds("declared"), holds("listed"));
    format!(
        "(isIP({host}) ? !{nowhere} && (ip({host}).family() == 4 || {ipv6}) && ({declared} || (!{private} && {listed})) : \
         size({host}) <= 253 && {host}.matches({PLAIN}) && !{host}.matches('(^|[.])xn--') && \
         (variables.suffixes.exists(s, {host} == s || {host}.endsWith('.' + s)) || \
         variables.patterns.exists(p, {host}.matches(p))))"
    )
}

/// An anchored expression for the names that a pattern builds with these regions.
fn expression(pattern: &HostPattern, regions: &[&str]) -> String {
    // A region with a dot or a capital is in no label of a host.
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let regions: Vec<_> = regions.iter().copied().filter(|region| region.chars().all(plain)).collect();
    // No expression without an alternative: `()` would match nothing but the empty text.
    let region = if regions.is_empty() { "[^\\s\\S]".to_owned() } else { format!("({})", regions.join("|")) };
    let pattern =
        pattern.as_str().replace('.', "[.]").replace('*', "[a-z0-9-]+").replace("{region}", &region);
    format!("^{pattern}$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_becomes_an_anchored_expression() {
        let pattern = |text: &str| text.parse::<HostPattern>().unwrap();
        let regions = ["cn-hangzhou", "cn-beijing", "Odd.One"];
        for (text, expected) in [
            ("oss-{region}.aliyuncs.com", "^oss-(cn-hangzhou|cn-beijing)[.]aliyuncs[.]com$"),
            ("*.{region}.nas.aliyuncs.com", "^[a-z0-9-]+[.](cn-hangzhou|cn-beijing)[.]nas[.]aliyuncs[.]com$"),
        ] {
            assert_eq!(expression(&pattern(text), &regions), expected);
        }
        assert_eq!(expression(&pattern("{region}.example.cn"), &[]), "^[^\\s\\S][.]example[.]cn$");
    }

    #[test]
    fn an_empty_list_is_a_list_of_texts() {
        assert_eq!(list(Vec::<String>::new()), "[''].filter(x, x != '')");
        assert_eq!(list(["a", "b"]), "[\"a\",\"b\"]");
    }
}
