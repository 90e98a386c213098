//! The databases that say where public addresses are, as arguments.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Result, ensure};
use bund_engine::{Timestamp, snapshot::Geography};
use clap::Args;

use crate::geography;

/// Databases of countries. Without one, only what is declared is inside.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct GeoArgs {
    /// A database of countries (`.mmdb`) that says where public addresses are. Named twice: what both do not say, neither says.
    #[arg(long, value_name = "FILE")]
    geo: Vec<PathBuf>,
    /// After how many days from when it was built nothing is inside by a database any more.
    #[arg(long, value_name = "DAYS", default_value = "30", value_parser = clap::value_parser!(u16).range(1..=3650))]
    geo_max_age_days: u16,
}

impl GeoArgs {
    /// What they say at this moment.
    pub(super) fn read(&self, now: Timestamp) -> Result<Geography> {
        let Self { geo, geo_max_age_days } = self;
        ensure!(geo.len() <= 2, "--geo is named {} times; name one database or two", geo.len());
        if geo.is_empty() {
            return Ok(Geography::default());
        }
        Ok(Geography::of(Arc::new(geography::read(geo, *geo_max_age_days, now)?)))
    }
}
