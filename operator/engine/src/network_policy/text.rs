//! Policies in words: one spelling for what means the same.

use alloc::{collections::BTreeSet, string::String, vec::Vec};
use core::fmt::{self, Display, Formatter};

use super::{Expression, Peer, Ports, Rule, Selector};

impl Display for Selector {
    /// As `kubectl get --selector` takes it; `{}` for the one that selects everything.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(expressions) if expressions.is_empty() => f.write_str("{}"),
            Self::Of(expressions) => joined(f, expressions, ","),
            Self::Unreadable => f.write_str("what cannot be read"),
        }
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let listed = |f: &mut Formatter<'_>, key: &str, operator: &str, values: &BTreeSet<_>| {
            write!(f, "{key} {operator} (")?;
            joined(f, values, ",")?;
            f.write_str(")")
        };
        match self {
            Self::In(key, values) => match values.first().filter(|_| values.len() == 1) {
                Some(value) => write!(f, "{key}={value}"),
                None => listed(f, key, "in", values),
            },
            Self::NotIn(key, values) => listed(f, key, "notin", values),
            Self::Exists(key) => f.write_str(key),
            Self::DoesNotExist(key) => write!(f, "!{key}"),
        }
    }
}

impl Display for Peer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block { network, except } => {
                write!(f, "{network}")?;
                let except: BTreeSet<_> = except.iter().collect();
                if except.is_empty() {
                    return Ok(());
                }
                f.write_str(" except ")?;
                joined(f, except, ", ")
            }
            Self::Pods { namespaces: None, pods } => write!(f, "pods {pods}"),
            Self::Pods { namespaces: Some(namespaces), pods } => {
                write!(f, "pods {pods} of namespaces {namespaces}")
            }
            Self::Unreadable => f.write_str("what cannot be read"),
        }
    }
}

impl Display for Ports {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(protocol, first, last) if first == last => write!(f, "{first}/{protocol}"),
            Self::Range(protocol, first, last) => write!(f, "{first}-{last}/{protocol}"),
            Self::Named(protocol, name) => write!(f, "{name}/{protocol}"),
            Self::Every(protocol) => write!(f, "every port of {protocol}"),
            Self::Unreadable => f.write_str("what cannot be read"),
        }
    }
}

impl Rule {
    /// Somebody whom the rule lets pods reach, with its ports.
    pub(crate) fn told(&self, whom: impl Display) -> String {
        let ports = match &self.ports {
            None => String::from("every port"),
            Some(ports) => {
                let ports: Vec<_> = ports.iter().map(alloc::string::ToString::to_string).collect();
                ports.join(", ")
            }
        };
        alloc::format!("{whom} at {ports}")
    }
}

fn joined<T: Display>(
    f: &mut Formatter<'_>,
    parts: impl IntoIterator<Item = T>,
    separator: &str,
) -> fmt::Result {
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        part.fmt(f)?;
    }
    Ok(())
}
