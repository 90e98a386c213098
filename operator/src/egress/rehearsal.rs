//! Passes without an API server: what they would write, and what they take. (pure)

use bund_engine::Timestamp;
use kube::runtime::watcher::Event;
use tokio::time::Instant;

use super::kind::Kind;
use super::plan::{Action, Memory, Planned, plan};
use super::stored::{Stored, StoredPolicy};
use super::told::{Figures, told};
use super::wanted::Wanted;
use crate::controller::plan::Unseen;
use crate::index::View;

/// That of ClusterNetworkPolicies. Any does here.
const PRIORITY: u16 = 100;

/// Passes over a cluster in which every write of a policy succeeds at once. Marks, evictions and statuses are only counted: what
/// comes of them, the view shows.
#[derive(Debug)]
pub struct Rehearsal {
    stored: Stored,
    memory: Memory,
    unseen: Unseen,
}

/// What one pass led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// Writes of policies, marks and evictions.
    pub writes: usize,
    /// Statuses that would be written.
    pub statuses: usize,
    /// How it stands after it.
    pub figures: Figures,
}

impl Default for Rehearsal {
    /// Both kinds of policies are served, and none is stored.
    fn default() -> Self {
        let mut stored = Stored::default();
        for kind in Kind::ALL {
            stored.take(kind, &Event::InitDone);
        }
        Self { stored, memory: Memory::default(), unseen: Unseen::default() }
    }
}

impl Rehearsal {
    /// One pass at `now`, as [`Closer`](super::Closer) makes it.
    pub fn pass(&mut self, view: &View, now: Timestamp) -> Rehearsed {
        let wanted = Wanted::of(&view.snapshot, |kind| self.stored.is_served(kind), PRIORITY, now);
        let planned = plan(&wanted, &self.stored, &view.snapshot, true, &mut self.memory, Instant::now());
        let writes = planned.writes.len();
        self.carry_out(planned);
        let told = told(view, &wanted, &self.stored, &self.memory, &mut self.unseen, now);
        Rehearsed { writes, statuses: told.writes.len(), figures: told.figures }
    }

    fn carry_out(&mut self, planned: Planned) {
        for (_, action) in planned.writes {
            match action {
                Action::Apply { key, policy, mends: _ } => {
                    let stored = StoredPolicy {
                        uid: key.to_string().into(),
                        generation: 1,
                        digest: policy.digest,
                        going: false,
                        ours: true,
                        by: None,
                    };
                    self.memory.wrote(&key, &stored);
                    self.stored.insert(key, stored);
                }
                Action::Delete { key, uid } => self.stored.remove(&key, &uid),
                Action::Mark(_) | Action::Evict { .. } => {}
            }
        }
    }
}
