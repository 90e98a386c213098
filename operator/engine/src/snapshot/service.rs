//! What is known of a Service.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::net::IpAddr;

use serde_json::Value;

/// What is known of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFacts {
    /// Where it leads.
    pub leads: Leads,
    /// The labels of the pods that it leads to.
    pub selector: BTreeMap<Box<str>, Box<str>>,
    /// Its addresses in the cluster; none where it is headless or leads to a name.
    pub cluster_ips: Vec<IpAddr>,
    /// The ports at which it takes connections.
    pub ports: Vec<u16>,
}

/// Where a Service leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To pods of its namespace.
    ToPods,
    /// To what its endpoints say, which somebody writes.
    ToEndpoints,
    /// To another name: it is of type `ExternalName`.
    ToName(Box<str>),
}

impl ServiceFacts {
    /// Reads a Service.
    pub(super) fn read(object: &Value) -> Self {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let text = |member: &str| spec.get(member).and_then(Value::as_str).unwrap_or_default();
        let selector: BTreeMap<Box<str>, Box<str>> = spec
            .get("selector")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str().into(), value.as_str()?.into())))
            .collect();
        let leads = if text("type") == "ExternalName" {
            Leads::ToName(text("externalName").into())
        } else if selector.is_empty() {
            Leads::ToEndpoints
        } else {
            Leads::ToPods
        };
        let list = |member: &str| spec.get(member).and_then(Value::as_array).into_iter().flatten();
        let own = list("clusterIPs").filter_map(Value::as_str);
        // `None` of a headless Service is no address.
        let mut cluster_ips: Vec<IpAddr> = own.filter_map(|address| address.parse().ok()).collect();
        if let Some(address) = text("clusterIP").parse().ok().filter(|address| !cluster_ips.contains(address))
        {
            cluster_ips.push(address);
        }
        let port = |entry: &Value| u16::try_from(entry.get("port")?.as_u64()?).ok();
        Self { leads, selector, cluster_ips, ports: list("ports").filter_map(port).collect() }
    }
}
