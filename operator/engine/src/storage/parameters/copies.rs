//! Whether a driver copies data to a place that its parameters do not fully name.

use super::{CopyElsewhere, encryption::is_driver, in_order, key};

/// The first parameter, in order of key, that makes the driver copy data to a place that parameters do not fully name.
pub(crate) fn copies_elsewhere<'p>(
    driver: &str,
    parameters: impl Iterator<Item = (&'p str, &'p str)>,
) -> Option<CopyElsewhere<'p>> {
    in_order(parameters).into_iter().find_map(|(key, value)| {
        let (name, said) = (key::folded(key), key::folded(value));
        let copies = geo_redundant(&name, &said)
            || CROSS_REGION.iter().any(|term| said.contains(term))
            || (replicates(&name) && !stays(&said))
            || copies_as_driver(driver, &name, &said);
        copies.then_some(CopyElsewhere { key, text: value.trim() })
    })
}

/// What says that data goes to another region, whichever key it stands under.
const CROSS_REGION: [&str; 4] = ["crossregion", "multiregion", "georedundan", "georeplicat"];

/// The redundancy of an Azure storage account: `GRS` and `GZRS`, also read-access ones, keep a copy in a second region
/// that Azure chooses.
fn geo_redundant(name: &str, said: &str) -> bool {
    let redundancy =
        ["sku", "accounttype", "redundancy", "replication"].iter().any(|term| name.contains(term));
    redundancy && (said.contains("grs") || said.contains("gzrs"))
}

fn replicates(name: &str) -> bool {
    CROSS_REGION.iter().chain(&["replication", "mirror"]).any(|term| name.contains(term))
}

/// Whether the way of replication keeps data in its region: none, a number of copies, or within the region.
fn stays(said: &str) -> bool {
    let none = ["none", "no", "off", "false", "disable", "disabled", "ignored"];
    let near = ["local", "zonal", "regional", "regionalpd", "lrs", "zrs"];
    let of_account = said.ends_with("lrs") || (said.ends_with("zrs") && !said.ends_with("gzrs"));
    let count = said.chars().all(|letter| letter.is_ascii_digit());
    count || of_account || none.contains(&said) || near.contains(&said)
}

/// What only the named driver means so. Where a backup goes is said in its own settings, not in parameters.
fn copies_as_driver(driver: &str, name: &str, said: &str) -> bool {
    if is_driver(driver, "driver.longhorn.io") {
        return match name {
            // A snapshot of this type is a backup in the backup target.
            "type" => said == "bak",
            "recurringjobs" => said.contains("backup"),
            // Jobs by name or group; what they do is said elsewhere.
            "recurringjobselector" => !said.is_empty(),
            _ => false,
        };
    }
    let portworx = ["pxd.portworx.com", "kubernetes.io/portworx-volume"];
    portworx.iter().any(|name| is_driver(driver, name))
        && name == "csiopenstorageorgsnapshottype"
        && !matches!(said, "" | "local")
}
