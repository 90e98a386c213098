//! Several writers, and everything goes wrong by chance.

use std::ops::Range;

use anyhow::{Context as _, Result};
use bund_ledger::{Error, Unfit};
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::world::Fates;
use super::{Model, Step, Writer, run};

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, cases| crate::trial("model", name, move || many(cases));
    vec![
        trial("writers and faults by chance", 60),
        trial("writers and faults by chance for long", 40_000).with_ignored_flag(true),
    ]
}

const WRITERS: [&str; 3] = ["a", "b", "c"];

/// What happens next.
#[derive(Clone, Debug)]
enum Turn {
    /// One writer, or two at the same time, take a step; the first may die after so many calls.
    Steps { writer: usize, step: Kind, dies: Option<u64>, beside: Option<(usize, Kind)> },
    /// A process dies while it waits.
    Dies(usize),
    /// The machine loses its power, and every process dies.
    Power,
    /// Time goes on by hours, or back.
    Clock(i64),
    /// The year is over, or two are.
    Years(i16),
    /// From here on so many percent of the calls fail.
    Faults(u64),
}

#[derive(Clone, Debug)]
enum Kind {
    Append(Range<u32>),
    Publish,
    Rotate,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        8 => (0..40_u32, 1..6_u32).prop_map(|(from, count)| Kind::Append(from..from + count)),
        1 => (0..200_u32, 200..300_u32).prop_map(|(from, count)| Kind::Append(from..from + count)),
        4 => Just(Kind::Publish),
        1 => Just(Kind::Rotate),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    let writer = 0..WRITERS.len();
    let steps = (writer.clone(), kind(), proptest::option::weighted(0.2, 0..60_u64));
    let beside = proptest::option::of((writer.clone(), kind()));
    prop_oneof![
        20 => (steps, beside).prop_map(|((writer, step, dies), beside)| {
            Turn::Steps { writer, step, dies, beside: beside.filter(|(other, _)| *other != writer) }
        }),
        1 => writer.prop_map(Turn::Dies),
        1 => Just(Turn::Power),
        1 => (-30..30_i64).prop_map(Turn::Clock),
        1 => (1..3_i16).prop_map(Turn::Years),
        2 => prop_oneof![Just(0), Just(5), Just(15), Just(40)].prop_map(Turn::Faults),
    ]
}

fn many(cases: u32) -> Result<()> {
    let turns = (any::<u64>(), any::<bool>(), proptest::collection::vec(turn(), 1..40));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    )
    .run(&turns, |(seed, durable, turns)| {
        run(play(seed, durable, &turns)).map_err(|error| TestCaseError::fail(format!("{error:#}")))
    })
    .map_err(|error| anyhow::anyhow!("{error}"))
}

async fn play(seed: u64, durable: bool, turns: &[Turn]) -> Result<()> {
    let model = Model::new(seed, durable);
    let mut writers = WRITERS.map(|by| model.writer(by));
    let mut now: Timestamp = "2026-12-30T00:00:00Z".parse()?;
    let mut latest = now;
    for (number, turn) in turns.iter().enumerate() {
        match turn {
            Turn::Steps { writer, step, dies, beside } => {
                let taken = steps(&model, &mut writers, (*writer, step), *dies, beside.as_ref(), now).await;
                taken.with_context(|| format!("turn {number}: {turn:?}"))?;
            }
            Turn::Dies(writer) => writers[*writer].log = None,
            Turn::Power => {
                for writer in &mut writers {
                    writer.log = None;
                }
                model.world.lose_power();
            }
            // What is recorded again after two shards is recorded twice, so there are two.
            Turn::Clock(hours) => {
                let later = now + SignedDuration::from_hours(*hours);
                if year(later) <= year(latest).max(2027) {
                    now = later;
                }
            }
            Turn::Years(years) if year(latest) == 2026 => {
                now = now.to_zoned(TimeZone::UTC).checked_add(Span::new().years(*years))?.timestamp();
            }
            Turn::Years(_) => {}
            Turn::Faults(percent) => model.world.set(Fates::Random { percent: *percent }),
        }
        latest = latest.max(now);
    }
    drop(writers);
    model.holds(latest).await
}

fn year(at: Timestamp) -> i16 {
    at.to_zoned(TimeZone::UTC).year()
}

/// One writer takes a step, or two do at the same time.
async fn steps(
    model: &Model,
    writers: &mut [Writer; 3],
    first: (usize, &Kind),
    dies: Option<u64>,
    second: Option<&(usize, Kind)>,
    now: Timestamp,
) -> Result<()> {
    let mut acting: Vec<(&mut Writer, Step)> = Vec::new();
    for (index, writer) in writers.iter_mut().enumerate() {
        let kind = [Some(first), second.map(|(writer, kind)| (*writer, kind))];
        if let Some((_, kind)) = kind.into_iter().flatten().find(|(writer, _)| *writer == index) {
            writer.process.live_for(dies.filter(|_| index == first.0));
            acting.push((writer, kind.at(now)));
        }
    }
    let acted = acting.into_iter().map(async |(writer, step)| {
        let process = writer.process.clone();
        let done = process.survive(model.take(writer, &step)).await;
        process.live_for(None);
        match done {
            Some(Ok(()) | Err(Error::Store(_) | Error::Unfit(Unfit::Failed(_)) | Error::Contended)) => Ok(()),
            // Another writer changed the keys.
            None | Some(Err(Error::OtherKeys { .. })) => {
                writer.log = None;
                Ok(())
            }
            Some(Err(error)) => Err(anyhow::Error::from(error).context(format!("{step:?} of {}", writer.by))),
        }
    });
    futures::future::join_all(acted).await.into_iter().collect()
}

impl Kind {
    fn at(&self, now: Timestamp) -> Step {
        match self {
            Self::Append(numbers) => Step::Append(numbers.clone(), now),
            Self::Publish => Step::Publish,
            Self::Rotate => Step::Rotate(now),
        }
    }
}
