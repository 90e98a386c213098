//! A proxy in the environment of a pod is not inside.

use alloc::vec::Vec;

use super::{Case, named_host};
use crate::{Finding, Reason, subject::Purpose};

pub(super) fn judge(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    let told = (Purpose::Proxy, Reason::ProxyOutside);
    named_host::judge(case, namespace, told, "sends everything through the proxy", findings);
}
