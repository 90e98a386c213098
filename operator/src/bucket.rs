//! A token bucket: so many at once, so many in a second. (pure)

use std::time::Duration;

use tokio::time::Instant;

/// Tokens when it is full.
const CAPACITY: u32 = 20;
/// From one token to the next: five in a second.
const INTERVAL: Duration = Duration::from_millis(200);

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// When it will be full again.
    full: Instant,
}

impl Bucket {
    /// A bucket with all its tokens.
    pub(crate) fn full(now: Instant) -> Self {
        Self { full: now }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let full = self.full.max(now);
        let taken = full.duration_since(now) <= INTERVAL.saturating_mul(CAPACITY - 1);
        if taken {
            self.full = full + INTERVAL;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_twenty_at_once_and_five_in_a_second() {
        let mut now = Instant::now();
        let mut bucket = Bucket::full(now);
        let mut taken = |now| (0..100).filter(|_| bucket.take(now)).count();
        assert_eq!(taken(now), 20);
        now += Duration::from_secs(1);
        assert_eq!(taken(now), 5);
        now += Duration::from_hours(1);
        assert_eq!(taken(now), 20);
    }
}
