//! The node calls a place that is not inside, for a probe or a hook of the pod.

use alloc::vec::Vec;

use super::{Case, named_host};
use crate::{Finding, Reason, subject::Purpose};

pub(super) fn judge(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    let told = (Purpose::Probe, Reason::ProbeOutside);
    named_host::judge(case, namespace, told, "has its node call", findings);
}
