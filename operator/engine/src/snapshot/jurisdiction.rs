//! What a jurisdiction declares besides places.

use bund_crds::{JurisdictionName, JurisdictionSpec};

use super::World;

impl World {
    /// What the jurisdiction of this name declares: its calendars, and what its authority excludes.
    pub fn jurisdiction_spec(&self, name: &JurisdictionName) -> Option<&JurisdictionSpec> {
        self.specs.get(name)
    }
}
