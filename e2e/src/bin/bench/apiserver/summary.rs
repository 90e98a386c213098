//! What all rounds say together: medians with their spread, and what each side adds.

use std::fmt;

use super::{RATES, load::Answered, side::Side, usage::Used};

/// One rate in one turn of one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) answered: Answered,
    /// The process that decides, where it is not the API server.
    pub(super) webhook: Option<Used>,
    pub(super) apiserver: Option<Used>,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered: Answered { count, p50, p99 }, webhook, apiserver } = self;
        write!(f, "{count:>6} requests, p50 {p50:.2} ms, p99 {p99:.1} ms")?;
        if let Some(used) = webhook {
            write!(f, ", webhook {used}")?;
        }
        apiserver.map_or(Ok(()), |used| write!(f, ", API server {used}"))
    }
}

/// Every measurement, with its rate, side and round.
#[derive(Debug, Default)]
pub(super) struct Summary(Vec<(u32, Side, usize, Measured)>);

const SIDES: [Side; 4] = [Side::Nobody, Side::InTree, Side::Bund, Side::Kyverno];

impl Summary {
    pub(super) fn add(&mut self, rate: u32, side: Side, round: usize, measured: Measured) {
        self.0.push((rate, side, round, measured));
    }

    fn of(&self, rate: u32, side: Side) -> impl Iterator<Item = (usize, &Measured)> {
        let matching = move |entry: &&(u32, Side, usize, Measured)| entry.0 == rate && entry.1 == side;
        self.0.iter().filter(matching).map(|(_, _, round, measured)| (*round, measured))
    }

    fn spread(&self, rate: u32, side: Side, figure: impl Fn(&Measured) -> Option<f64>) -> Spread {
        Spread::of(self.of(rate, side).filter_map(|(_, measured)| figure(measured)))
    }

    /// What `side` adds to the p50 without a webhook, round by round.
    fn added(&self, rate: u32, side: Side) -> Spread {
        let without = |round| self.of(rate, Side::Nobody).find(|(of, _)| *of == round);
        let added = self.of(rate, side).filter_map(|(round, measured)| {
            without(round).map(|(_, without)| measured.answered.p50 - without.answered.p50)
        });
        Spread::of(added)
    }

    fn rows(&self, rate: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for side in SIDES {
            if self.of(rate, side).next().is_none() {
                continue;
            }
            let [p50, p99, cpu, apiserver, memory] = [
                self.spread(rate, side, |of| Some(of.answered.p50)),
                self.spread(rate, side, |of| Some(of.answered.p99)),
                self.spread(rate, side, |of| of.webhook.map(|used| used.cpu_per_1000)),
                self.spread(rate, side, |of| of.apiserver.map(|used| used.cpu_per_1000)),
                self.spread(rate, side, |of| of.webhook.map(|used| used.resident / 1e6)),
            ];
            writeln!(
                f,
                "| {rate} | {side} | {p50:.2} | {p99:.1} | {cpu:.2} | {apiserver:.2} | {memory:.0} |"
            )?;
        }
        Ok(())
    }

    fn ratios(&self, rate: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [in_tree, bund, kyverno] =
            [Side::InTree, Side::Bund, Side::Kyverno].map(|side| self.added(rate, side));
        let [ours, theirs] = [Side::Bund, Side::Kyverno]
            .map(|side| self.spread(rate, side, |of| of.webhook.map(|used| used.cpu_per_1000)));
        let ratio = |theirs: &Spread, ours: &Spread| {
            Spread::of(theirs.median().zip(ours.median()).map(|(theirs, ours)| theirs / ours))
        };
        writeln!(
            f,
            "| {rate} | {in_tree:.2} | {bund:.2} | {kyverno:.2} | {:.1} | {:.1} |",
            ratio(&kyverno, &bund),
            ratio(&theirs, &ours)
        )
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nMedian (lowest to highest). Latencies in ms, CPU in seconds per 1,000 requests, memory in MB.\n"
        )?;
        writeln!(
            f,
            "| requests/s | | p50 | p99 | CPU of the webhook | CPU of the API server | memory of the webhook |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- |")?;
        for rate in RATES {
            self.rows(rate, f)?;
        }
        writeln!(f, "\nWhat each adds to p50, and Kyverno beside Bund.\n")?;
        writeln!(
            f,
            "| requests/s | in-tree policy | Bund | Kyverno | added p50, Kyverno / Bund | CPU, Kyverno / Bund |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        for rate in RATES {
            self.ratios(rate, f)?;
        }
        Ok(())
    }
}

/// Some figures of one kind, in order.
struct Spread(Vec<f64>);

impl Spread {
    fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    fn median(&self) -> Option<f64> {
        let (low, high) = (self.0.len().checked_sub(1)? / 2, self.0.len() / 2);
        Some(f64::midpoint(*self.0.get(low)?, *self.0.get(high)?))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        match (self.median(), self.0.first(), self.0.last()) {
            (Some(median), Some(lowest), Some(highest)) if self.0.len() > 1 => {
                write!(f, "{median:.digits$} ({lowest:.digits$} to {highest:.digits$})")
            }
            (Some(median), ..) => write!(f, "{median:.digits$}"),
            _ => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_tells_its_median_and_its_ends() {
        assert_eq!(format!("{:.1}", Spread::of([3.0, 1.0, 2.0])), "2.0 (1.0 to 3.0)");
        assert_eq!(format!("{:.1}", Spread::of([4.0, 1.0])), "2.5 (1.0 to 4.0)");
        assert_eq!(format!("{:.2}", Spread::of([1.0])), "1.00");
        assert_eq!(Spread::of([]).to_string(), "-");
    }
}
