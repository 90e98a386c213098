//! `bund locate`: where a host, an address or a network is, and why.

use std::{io::stdout, path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use bund_crds::JurisdictionName;
use bund_engine::{
    Location, Snapshot,
    address::{Host, network},
    locate::{locate_host, locate_network},
};
use clap::Args;

use super::{geo::GeoArgs, now};
use crate::{
    check,
    report::{put, visible},
};

const EXIT_CODES: &str = "Exit codes: 0 all of them are inside, 1 one of them is not, or nobody knows, 2 usage or unreadable input.";

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct LocateArgs {
    /// Hosts, addresses, networks or URLs: `oss-cn-hangzhou.aliyuncs.com`, `47.96.0.1`, `2400:3200::/32`. A name is never
    /// looked up.
    #[arg(required = true, value_name = "HOST")]
    hosts: Vec<String>,
    /// The jurisdiction.
    #[arg(long, value_name = "NAME", default_value = "cn-mainland")]
    jurisdiction: JurisdictionName,
    /// Objects that are known besides the built-in jurisdictions: ClusterLocation, Jurisdictions, Nodes, ServiceCIDRs.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    facts: Vec<PathBuf>,
    #[command(flatten)]
    geo: GeoArgs,
}

impl LocateArgs {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self { hosts, jurisdiction, facts, geo } = self;
        let mut unreadable = Vec::new();
        let facts = check::read(&facts, &mut unreadable, |_, _| {});
        let mut snapshot = check::known(None, &facts, &[], &mut unreadable);
        if let Some(error) = unreadable.first() {
            bail!("{error}");
        }
        snapshot.set_geography(geo.read(now()?)?);
        if snapshot.world().jurisdiction(&jurisdiction).is_none() {
            bail!(
                "no Jurisdiction is named {jurisdiction}; `--facts` takes others than those that are built in"
            );
        }
        let located = hosts.iter().map(|host| (host, locate(host, &jurisdiction, &snapshot)));
        let located: Vec<_> = located.collect();
        for (host, location) in &located {
            put(&format!("{}\t{location}\n", visible(host)), &mut stdout().lock())?;
        }
        let inside = located.iter().all(|(_, location)| location.is_inside());
        Ok(if inside { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

/// Where `text` is: a network, if it is of the form of one, or else the host that it names.
fn locate(text: &str, jurisdiction: &JurisdictionName, snapshot: &Snapshot) -> Location {
    match network(text) {
        Ok(network) => locate_network(network, jurisdiction, snapshot.world()),
        Err(_) => locate_host(Host::of(text), jurisdiction, snapshot.world()),
    }
}
