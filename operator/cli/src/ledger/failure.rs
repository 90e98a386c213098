//! What went wrong, as an exit code.

use bund_ledger::{Error, KeptShard, export::ExportError, proof::Unproven};

/// How a command about a ledger ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// What was asked for is done, or holds.
    Good,
    /// It cannot be done: arguments, files, a store that does not answer.
    Failed,
    /// Something contradicts itself or what is trusted.
    Tampered,
    /// Whether it holds cannot be known, because something that is needed is missing: keys, files, the ledger itself.
    Unverifiable,
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Failed => 1,
            Self::Tampered => 2,
            Self::Unverifiable => 3,
        }
    }
}

/// Something that is needed and cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Missing(pub String);

/// How a command ends that fails with this.
pub fn ending(error: &anyhow::Error) -> Ending {
    error.chain().find_map(known).unwrap_or(Ending::Failed)
}

fn known(error: &(dyn std::error::Error + 'static)) -> Option<Ending> {
    if error.is::<Missing>() {
        return Some(Ending::Unverifiable);
    }
    if let Some(error) = error.downcast_ref::<Error>() {
        return of_log(error);
    }
    if let Some(KeptShard::Log(error)) = error.downcast_ref::<KeptShard>() {
        return of_log(error);
    }
    if let Some(error) = error.downcast_ref::<Unproven>() {
        return match error {
            Unproven::Contradiction(_) | Unproven::Checkpoint { .. } => Some(Ending::Tampered),
            Unproven::Missing(_) => Some(Ending::Unverifiable),
            _ => None,
        };
    }
    match error.downcast_ref::<ExportError>()? {
        ExportError::Damaged { .. } => Some(Ending::Tampered),
        _ => None,
    }
}

fn of_log(error: &Error) -> Option<Ending> {
    match error {
        Error::Damaged { .. } | Error::Rollback { .. } => Some(Ending::Tampered),
        Error::Absent(_) | Error::OtherKeys { .. } => Some(Ending::Unverifiable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn an_error_tells_how_it_ends_wherever_it_stands_in_the_chain() {
        let damaged = Error::Damaged { path: "2026/log.json".into(), why: "it is missing".into() };
        let wrapped = Err::<(), _>(damaged).context("cannot be opened").unwrap_err();
        assert_eq!(ending(&wrapped), Ending::Tampered);
        assert_eq!(ending(&Missing("no key".into()).into()), Ending::Unverifiable);
        assert_eq!(ending(&Error::Absent("here".into()).into()), Ending::Unverifiable);
        assert_eq!(ending(&anyhow::anyhow!("other")), Ending::Failed);
    }
}
