//! Real packets: pods that are network namespaces, an agent that enforces what NetworkPolicies say, and a count of every byte
//! that arrives abroad.
//!
//! The rig stands in a sandbox of [`node`](crate::node::sandbox), whose own network namespace is the node: the API server
//! listens there, kube-network-policies decides there, and everything that a pod sends passes there. Nothing leads out.

#[cfg(target_os = "linux")]
pub mod counter;
mod enforcer;
pub mod heard;
#[cfg(target_os = "linux")]
pub mod listener;
mod packet;
pub mod pods;
mod rig;
#[cfg(target_os = "linux")]
pub mod sender;
pub mod shot;
pub mod site;

pub use self::{
    enforcer::{EnforcerTools, Enforces, missing},
    rig::{Held, Rig, Spray, Wire},
    shot::{Outcome, Shot, Way},
    site::{ABROAD, API_SERVER, CACHE, CLASSIFIED, DNS, HOME, PEER, PLAIN, SECOND, Site, UNLABELLED},
};
