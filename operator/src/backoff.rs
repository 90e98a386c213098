//! How long to wait after something failed. (pure)

use std::time::Duration;

/// A quarter of a second after the first failure in a row, twice as long after each further one, `longest` at most.
pub(crate) fn backoff(failures: u32, longest: Duration) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    Duration::from_millis(250).saturating_mul(doubled).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_longest() {
        let longest = Duration::from_secs(8);
        let waits = [1, 2, 3, 5, 6, 7, u32::MAX].map(|failures| backoff(failures, longest).as_millis());
        assert_eq!(waits, [250, 500, 1000, 4000, 8000, 8000, 8000]);
    }
}
