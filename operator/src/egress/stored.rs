//! What a watch shows of our policies: not the policies, but enough to see that one is as it should be. (pure)

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::egress::MANAGED_BY;
use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use serde_json::{Map, Value};
use sha2::Sha256;

use super::kind::{Key, Kind};
use super::{CLOSES, FIELD_MANAGER};

/// What a policy does, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

/// A policy as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredPolicy {
    pub(super) uid: Box<str>,
    /// Grows with every change of what it does.
    pub(super) generation: i64,
    pub(super) digest: Digest,
    /// Somebody has asked for its deletion.
    pub(super) going: bool,
    /// Whether we wrote it, now or in an earlier life.
    pub(super) ours: bool,
    /// The field manager that wrote it last, if that was not us.
    pub(super) by: Option<Box<str>>,
}

/// The policies that are stored.
#[derive(Debug, Default)]
pub(super) struct Stored {
    policies: BTreeMap<Key, StoredPolicy>,
    /// What the lists that are being read have shown so far.
    listing: BTreeMap<Key, StoredPolicy>,
    /// Kinds that were listed.
    listed: BTreeSet<Kind>,
    /// Kinds that the API server does not serve.
    absent: BTreeSet<Kind>,
}

impl Digest {
    /// The digest of what a policy does.
    pub(super) fn of(kind: Kind, spec: &Value) -> Self {
        let does = match kind {
            Kind::Network => of_egress(spec),
            Kind::Cluster => plain(spec),
        };
        Self(sha2::Digest::finalize(<Sha256 as sha2::Digest>::new_with_prefix(does.to_string())).into())
    }
}

/// What a NetworkPolicy does to egress. Rules of a direction that its types do not name do nothing.
fn of_egress(spec: &Value) -> Value {
    let members = ["podSelector", "policyTypes", "egress"].into_iter();
    let members = members.filter_map(|member| Some((member.to_owned(), spec.get(member)?.clone())));
    plain(&Value::Object(members.collect()))
}

/// The same in the one form that the API server stores: without lists and maps that are as empty as if they were left out, and
/// with the protocol that it fills in.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, value)| !says_nothing(key, value));
            let mut plain: Map<_, _> = kept.map(|(key, value)| (key.clone(), plain(value))).collect();
            if let Some(ports) = plain.get_mut("ports").and_then(Value::as_array_mut) {
                for port in
                    ports.iter_mut().filter_map(Value::as_object_mut).filter(|port| port.contains_key("port"))
                {
                    port.entry("protocol").or_insert_with(|| "TCP".into());
                }
            }
            Value::Object(plain)
        }
        other => other.clone(),
    }
}

fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => key == "matchLabels" && members.is_empty(),
        _ => false,
    }
}

impl StoredPolicy {
    /// A policy as the API server gives it, with its key; `None` where its name is none of ours.
    pub(super) fn read(kind: Kind, policy: &DynamicObject) -> Option<(Key, Self)> {
        let metadata = &policy.metadata;
        let name = metadata.name.as_deref()?;
        let namespace = match kind {
            Kind::Network => metadata.namespace.as_deref()?,
            Kind::Cluster => name.strip_prefix(CLOSES)?.strip_prefix('-')?,
        };
        let key = Key { namespace: namespace.into(), kind, name: name.into() };
        let managers =
            || metadata.managed_fields.iter().flatten().filter(|entry| entry.subresource.is_none());
        let others =
            managers().filter(|entry| entry.manager.as_deref().is_some_and(|it| it != FIELD_MANAGER));
        let last = others.max_by_key(|entry| entry.time.as_ref().map(|time| time.0));
        let stored = Self {
            uid: metadata.uid.as_deref().unwrap_or_default().into(),
            generation: metadata.generation.unwrap_or_default(),
            digest: Digest::of(kind, policy.data.get("spec").unwrap_or(&Value::Null)),
            going: metadata.deletion_timestamp.is_some(),
            ours: managers().any(|entry| entry.manager.as_deref() == Some(FIELD_MANAGER)),
            by: last.and_then(|entry| entry.manager.as_deref()).map(Box::from),
        };
        Some((key, stored))
    }
}

/// Whether an object says that it is kept by us.
fn is_marked(policy: &DynamicObject) -> bool {
    let (key, value) = MANAGED_BY;
    policy.metadata.labels.as_ref().and_then(|labels| labels.get(key)).is_some_and(|found| found == value)
}

impl Stored {
    /// Whether every NetworkPolicy of ours was listed.
    pub(super) fn is_listed(&self) -> bool {
        self.listed.contains(&Kind::Network)
    }

    /// Whether policies of a kind can be written, as far as is known.
    pub(super) fn is_served(&self, kind: Kind) -> bool {
        self.listed.contains(&kind) && !self.absent.contains(&kind)
    }

    /// The policy of this key.
    pub(super) fn get(&self, key: &Key) -> Option<&StoredPolicy> {
        self.policies.get(key)
    }

    /// Every policy, in order of the namespace that it is for.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &StoredPolicy)> {
        self.policies.iter()
    }

    /// The policies for a namespace that we wrote.
    pub(super) fn ours_for<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Key> {
        let first = Key { namespace: namespace.into(), kind: Kind::Network, name: Box::default() };
        let here =
            self.policies.range(first..).take_while(move |(key, _)| key.namespace.as_ref() == namespace);
        here.filter(|(_, policy)| policy.ours).map(|(key, _)| key)
    }

    /// A policy is as given, because we were told so. What is older than what is known of it tells nothing.
    pub(super) fn insert(&mut self, key: Key, policy: StoredPolicy) {
        let is_older = |known: &StoredPolicy| known.uid == policy.uid && known.generation > policy.generation;
        if !self.policies.get(&key).is_some_and(is_older) {
            self.policies.insert(key, policy);
        }
    }

    /// The policy of this uid is not there.
    pub(super) fn remove(&mut self, key: &Key, uid: &str) {
        if self.policies.get(key).is_some_and(|known| known.uid.as_ref() == uid) {
            self.policies.remove(key);
        }
    }

    /// A kind is not there, and so nothing of it.
    pub(super) fn vanish(&mut self, kind: Kind) {
        self.policies.retain(|key, _| key.kind != kind);
        self.listed.insert(kind);
        self.absent.insert(kind);
    }

    /// Takes in what the watch of a kind shows.
    pub(super) fn take(&mut self, kind: Kind, event: &Event<DynamicObject>) {
        match event {
            Event::Init => self.listing.retain(|key, _| key.kind != kind),
            Event::InitApply(policy) => self.listing.extend(StoredPolicy::read(kind, policy)),
            Event::InitDone => {
                self.policies.retain(|key, _| key.kind != kind);
                let listed: Vec<_> = self.listing.extract_if(.., |key, _| key.kind == kind).collect();
                self.policies.extend(listed);
                self.listed.insert(kind);
                self.absent.remove(&kind);
            }
            Event::Apply(policy) if is_marked(policy) => {
                if let Some((key, stored)) = StoredPolicy::read(kind, policy) {
                    self.insert(key, stored);
                }
            }
            Event::Apply(policy) | Event::Delete(policy) => {
                if let Some((key, stored)) = StoredPolicy::read(kind, policy) {
                    self.remove(&key, &stored.uid);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
