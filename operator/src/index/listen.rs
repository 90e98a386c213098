//! Who wants to know what is touched, and what waits for them. (pure)

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Touched;

/// Told what is touched, for as long as it lives.
#[derive(Debug)]
pub struct Listener(Arc<Mutex<Touched>>);

/// Every listener that may still live.
#[derive(Debug, Default)]
pub(super) struct Listeners(Mutex<Vec<Weak<Mutex<Touched>>>>);

impl Listener {
    /// What was touched since this was asked last: everything, at first. The view that is read next is at least as new.
    pub fn take(&self) -> Touched {
        std::mem::take(&mut *lock(&self.0))
    }

    /// Whether anything was touched since this was asked last.
    pub fn has_news(&self) -> bool {
        !lock(&self.0).is_empty()
    }
}

impl Listeners {
    pub(super) fn add(&self) -> Listener {
        let waiting = Arc::new(Mutex::new(Touched::Everything));
        lock(&self.0).push(Arc::downgrade(&waiting));
        Listener(waiting)
    }

    /// Whether anybody listens.
    pub(super) fn are_there(&self) -> bool {
        let mut listeners = lock(&self.0);
        listeners.retain(|listener| listener.strong_count() > 0);
        !listeners.is_empty()
    }

    pub(super) fn tell(&self, touched: &Touched) {
        for waiting in lock(&self.0).iter().filter_map(Weak::upgrade) {
            lock(&waiting).add(touched.clone());
        }
    }
}

/// Nothing that holds it can leave what it guards half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
