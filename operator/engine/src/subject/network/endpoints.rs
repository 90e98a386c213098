//! What stands behind Services: Endpoints and EndpointSlices.

use serde_json::Value;

use super::Found;
use crate::FieldPath;

/// Reads Endpoints.
pub(super) fn read(found: &mut Found<'_>, object: &Value) {
    for (at, subset) in found.entries(object, &FieldPath::root(), "subsets") {
        for member in ["addresses", "notReadyAddresses"] {
            for (at, address) in found.entries(subset, &at, member) {
                found.host(address, &at, "ip");
            }
        }
    }
}

/// Reads an EndpointSlice. Its addresses may be names.
pub(super) fn read_slice(found: &mut Found<'_>, object: &Value) {
    for (at, endpoint) in found.entries(object, &FieldPath::root(), "endpoints") {
        found.hosts(endpoint, &at, "addresses");
    }
}
