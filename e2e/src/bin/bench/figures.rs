//! Percentiles.

use std::time::Duration;

/// Durations, to be summed up in a line.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<Duration>);

impl Figures {
    pub(crate) fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// The smallest duration that `percent` of all do not exceed.
    pub(crate) fn percentile(&mut self, percent: f64) -> Duration {
        self.0.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank among at most some millions"
        )]
        let rank = ((self.0.len() as f64) * percent / 100.0).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    pub(crate) fn line(&mut self) -> String {
        let (p50, p99, p999) = (self.percentile(50.0), self.percentile(99.0), self.percentile(99.9));
        format!("{:>8} samples   p50 {p50:>10.1?}   p99 {p99:>10.1?}   p99.9 {p999:>10.1?}", self.0.len())
    }
}
