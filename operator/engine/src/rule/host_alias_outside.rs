//! A pod gives a name an address that is not inside.

use alloc::vec::Vec;

use super::{Case, named_host};
use crate::{Finding, Reason, subject::Purpose};

pub(super) fn judge(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    let told = (Purpose::HostAlias, Reason::HostAliasOutside);
    named_host::judge(case, namespace, told, "gives a name the address", findings);
}
