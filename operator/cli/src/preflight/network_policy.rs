//! Whether NetworkPolicies are enforced. The API says nothing about it: known agents do, by the image that they run.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    discover::{
        image,
        table::{TableError, read},
    },
    inventory::{Inventory, list, name_of, text},
};

/// Who enforces NetworkPolicies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicy {
    /// Whether they are enforced.
    pub enforcement: Enforcement,
    /// How that is known.
    pub how: String,
    /// Every known agent that was found.
    pub agents: Vec<FoundAgent>,
}

/// Whether NetworkPolicies are enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Enforcement {
    /// An agent that enforces them runs on every node.
    Enforced,
    /// The agents that were found do not.
    NotEnforced,
    /// Nobody can tell from here.
    Unknown,
}

/// A known agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundAgent {
    /// Its name.
    pub name: String,
    /// The DaemonSet that runs it, as `namespace/name`.
    pub daemon_set: String,
    /// What it does with NetworkPolicies, as it runs here.
    pub enforces: Enforces,
    /// Nodes on which it is ready; absent where the DaemonSet has no status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<u64>,
    /// Nodes that there are; absent where they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u64>,
    /// What to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<String>,
}

/// What an agent does with NetworkPolicies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Enforces {
    /// It enforces them.
    Always,
    /// It ignores them.
    Never,
    /// Its version or configuration decides.
    Depends,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Agents {
    agents: Vec<Agent>,
    built_in: Vec<BuiltIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Agent {
    name: String,
    images: Vec<String>,
    enforces: Enforces,
    #[serde(default)]
    only_with: Vec<String>,
    #[serde(default)]
    not_with: Vec<String>,
    look: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BuiltIn {
    name: String,
    kubelet_version: String,
    look: String,
}

fn table() -> Result<Agents, TableError> {
    read("network-agents.yaml", include_str!("../../../../policies/discover/network-agents.yaml"))
}

/// The namespaces and names of DaemonSets that run known agents.
pub(super) fn daemon_sets(inventory: &Inventory) -> Result<Vec<(String, String)>, TableError> {
    let table = table()?;
    let sets = inventory.of_kind("apps", "DaemonSet");
    let found = sets.flat_map(|set| {
        let of = table.agents.iter().filter(|agent| runs(agent, set));
        of.map(|agent| (text(set, "/metadata/namespace").to_owned(), agent.name.clone()))
    });
    Ok(found.collect())
}

/// Who enforces NetworkPolicies.
pub fn network_policy(inventory: &Inventory) -> Result<NetworkPolicy, TableError> {
    let table = table()?;
    if let Some(why) = inventory.gap("apps", "DaemonSet") {
        return Ok(unknown(format!("not known: {why}"), Vec::new()));
    }
    let mut agents: Vec<FoundAgent> = Vec::new();
    for set in inventory.of_kind("apps", "DaemonSet") {
        let of = table.agents.iter().filter(|agent| runs(agent, set));
        agents.extend(of.map(|agent| found(agent, set, inventory)));
    }
    agents.sort_by(|a, b| (&a.daemon_set, &a.name).cmp(&(&b.daemon_set, &b.name)));
    let everywhere = |agent: &&FoundAgent| {
        agent.enforces == Enforces::Always
            && agent.ready.is_some()
            && agent.nodes.is_some_and(|nodes| agent.ready >= Some(nodes))
    };
    if let Some(agent) = agents.iter().find(everywhere) {
        let how = format!("{} runs on every node (DaemonSet {})", agent.name, agent.daemon_set);
        return Ok(NetworkPolicy { enforcement: Enforcement::Enforced, how, agents });
    }
    if let Some(agent) = agents.iter().find(|agent| agent.enforces == Enforces::Always) {
        let how = format!(
            "{} enforces, but it is not known to be ready on every node (DaemonSet {})",
            agent.name, agent.daemon_set
        );
        return Ok(unknown(how, agents));
    }
    if let Some(agent) = agents.iter().find(|agent| agent.enforces == Enforces::Depends) {
        let look = agent.look.clone().unwrap_or_default();
        return Ok(unknown(format!("{} may enforce or not; look at {look}", agent.name), agents));
    }
    if let Some(built_in) = built_in(&table, inventory) {
        return Ok(unknown(format!("{}: {}", built_in.name, built_in.look), agents));
    }
    if let Some(agent) = agents.first() {
        let how = format!("{} does not enforce them, and no other agent is known here", agent.name);
        return Ok(NetworkPolicy { enforcement: Enforcement::NotEnforced, how, agents });
    }
    Ok(unknown(
        "no DaemonSet of a known network agent was found; ask who runs the network, or test it".to_owned(),
        agents,
    ))
}

fn unknown(how: String, agents: Vec<FoundAgent>) -> NetworkPolicy {
    NetworkPolicy { enforcement: Enforcement::Unknown, how, agents }
}

fn containers(set: &Value) -> impl Iterator<Item = &Value> {
    list(set, "/spec/template/spec/containers")
}

fn runs(agent: &Agent, set: &Value) -> bool {
    containers(set)
        .any(|container| agent.images.iter().any(|entry| image::is_of(text(container, "/image"), entry)))
}

fn found(agent: &Agent, set: &Value, inventory: &Inventory) -> FoundAgent {
    let arguments: Vec<&str> = containers(set)
        .flat_map(|container| list(container, "/args").chain(list(container, "/command")))
        .filter_map(Value::as_str)
        .collect();
    let any = |wanted: &[String]| wanted.iter().any(|argument| arguments.contains(&argument.as_str()));
    let off = any(&agent.not_with) || (!agent.only_with.is_empty() && !any(&agent.only_with));
    let nodes = match inventory.gap("", "Node") {
        None => u64::try_from(inventory.of_kind("", "Node").count()).ok(),
        Some(_) => None,
    };
    FoundAgent {
        name: agent.name.clone(),
        daemon_set: format!("{}/{}", text(set, "/metadata/namespace"), name_of(set)),
        enforces: if off { Enforces::Never } else { agent.enforces },
        ready: set.pointer("/status/numberReady").and_then(Value::as_u64),
        nodes,
        look: agent.look.clone(),
    }
}

fn built_in<'t>(table: &'t Agents, inventory: &Inventory) -> Option<&'t BuiltIn> {
    table.built_in.iter().find(|built_in| {
        let mut nodes = inventory.of_kind("", "Node");
        nodes.any(|node| text(node, "/status/nodeInfo/kubeletVersion").contains(&built_in.kubelet_version))
    })
}
