//! Who is the same person.

use alloc::string::String;

use bund_crds::Approver;

use crate::snapshot::TransferFacts;

/// Somebody, as far as the API server knows them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person<'p> {
    username: &'p str,
    uid: Option<&'p str>,
}

impl<'p> Person<'p> {
    pub(super) fn of(approver: &'p Approver) -> Self {
        Self { username: &approver.username, uid: approver.uid.as_deref() }
    }

    /// Whether both are one person: by user name, and where both have a uid, by uid too. Case and spaces make no
    /// difference, as people write names in a transfer, and some identity providers write them in several ways.
    pub(super) fn is(self, other: Person<'_>) -> bool {
        let same_uid = self.uid.zip(other.uid).is_some_and(|(one, another)| one == another);
        same_uid || plain(self.username) == plain(other.username)
    }

    /// Whether this is the person for whom the transfer is asked, who may be named by a uid.
    pub(super) fn requested(self, transfer: &TransferFacts) -> bool {
        let name = transfer.spec.requested_by.as_str();
        self.is(Person { username: name, uid: Some(name) })
    }

    /// Whether this person created the transfer.
    pub(super) fn created(self, transfer: &TransferFacts) -> bool {
        let creator = transfer.creator.as_ref();
        creator.is_some_and(|by| self.is(Person { username: &by.username, uid: by.uid.as_deref() }))
    }

    /// Whether this person requested or created the transfer.
    pub(super) fn asks_for(self, transfer: &TransferFacts) -> bool {
        self.requested(transfer) || self.created(transfer)
    }
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}
