//! Databases that say where public addresses are, from files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bund_engine::{Timestamp, snapshot::Geography};
use bund_geo::{Database, Error, Member, Quorum};
use jiff::SignedDuration;

/// What these databases say at this moment, each for so many days from when it was built.
pub(crate) fn read(paths: &[PathBuf], days: u16, now: Timestamp) -> Result<Quorum, Error> {
    let age = SignedDuration::from_hours(24 * i64::from(days));
    Ok(Quorum::of(&members(paths, age)?, now))
}

/// What these databases say, whenever they were built.
pub(crate) fn read_ageless(paths: &[PathBuf]) -> Result<Geography, Error> {
    let members = members(paths, SignedDuration::MAX)?;
    let built = members.iter().filter_map(|member| member.database.as_deref().map(Database::built)).max();
    Ok(match built {
        None => Geography::default(),
        Some(built) => Geography::of(Arc::new(Quorum::of(&members, built))),
    })
}

fn members(paths: &[PathBuf], max_age: SignedDuration) -> Result<Vec<Member>, Error> {
    paths.iter().map(|path| member(path, max_age)).collect()
}

fn member(path: &Path, max_age: SignedDuration) -> Result<Member, Error> {
    let database = Some(Arc::new(bund_geo::read(path, None)?));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into();
    Ok(Member { name, max_age, database, trouble: None })
}
