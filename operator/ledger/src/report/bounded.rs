//! Lists that keep their beginning, and count the rest.

/// A list of which the first items are kept.
#[derive(Clone, Debug)]
pub(super) struct Bounded<T> {
    pub(super) kept: Vec<T>,
    /// As many more there were.
    pub(super) more: u64,
    most: usize,
}

impl<T> Bounded<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { kept: Vec::new(), more: 0, most }
    }

    pub(super) fn has_room(&self) -> bool {
        self.kept.len() < self.most
    }

    pub(super) fn push(&mut self, item: T) {
        if self.has_room() {
            self.kept.push(item);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}
