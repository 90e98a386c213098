//! Whether memory grows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep_until};

use crate::control_plane::Operator;

/// Between two samples.
const EVERY: Duration = Duration::from_secs(1);

/// Samples of one operator's resident memory.
#[derive(Debug)]
pub struct Growth {
    /// Which operator.
    pub name: &'static str,
    /// Bytes, one sample a second.
    pub samples: Vec<u64>,
}

/// Takes samples for `length`.
pub(super) async fn measure(
    operators: Vec<(&'static str, Arc<Operator>)>,
    length: Duration,
) -> Result<Vec<Growth>> {
    let mut growth: Vec<_> = operators.iter().map(|(name, _)| Growth { name, samples: Vec::new() }).collect();
    let (began, mut number) = (Instant::now(), 0);
    while began.elapsed() < length {
        for (growth, (_, operator)) in growth.iter_mut().zip(&operators) {
            growth.samples.push(operator.resident_memory().await?);
        }
        number += 1;
        sleep_until(began + EVERY * number).await;
    }
    Ok(growth)
}

impl Growth {
    /// The slope of a straight line through the samples, over the whole time, as a share of their mean.
    #[expect(clippy::cast_precision_loss, reason = "bytes of a process and seconds of a run")]
    pub fn share(&self) -> Option<f64> {
        let count = self.samples.len();
        if count < 2 {
            return None;
        }
        let middle = (count - 1) as f64 / 2.0;
        let mean = self.samples.iter().map(|sample| *sample as f64).sum::<f64>() / count as f64;
        let (mut together, mut apart) = (0.0, 0.0);
        for (second, sample) in self.samples.iter().enumerate() {
            let off = second as f64 - middle;
            together += off * (*sample as f64 - mean);
            apart += off * off;
        }
        Some(together / apart * (count - 1) as f64 / mean)
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |sample: Option<&u64>| sample.copied().unwrap_or_default() >> 20;
        let Self { name, samples } = self;
        let share = self.share().unwrap_or_default() * 100.0;
        let (first, last) = (mebibytes(samples.first()), mebibytes(samples.last()));
        let fifths = samples.chunks(samples.len().div_ceil(5).max(1)).map(mean_in_kibibytes);
        let fifths: Vec<String> = fifths.map(|mean| mean.to_string()).collect();
        write!(
            f,
            "{name}: {first} MiB at first, {last} MiB at last, slope {share:+.2} % in {} s; KiB in each fifth: {}",
            samples.len(),
            fifths.join(", ")
        )
    }
}

fn mean_in_kibibytes(samples: &[u64]) -> u64 {
    let count = u64::try_from(samples.len()).unwrap_or(1).max(1);
    samples.iter().sum::<u64>() / count / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_a_share_of_the_mean() {
        let growth = |samples: &[u64]| Growth { name: "o", samples: samples.to_vec() }.share();
        assert_eq!(growth(&[100; 10]), Some(0.0));
        assert_eq!(growth(&[90, 100, 110]), Some(0.2));
        assert_eq!(growth(&[110, 100, 90]), Some(-0.2));
        assert_eq!(growth(&[1]), None);
    }
}
