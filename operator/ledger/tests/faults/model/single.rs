//! One call fails, or the process dies at one call: at every call of a life of a log, in every way.

use anyhow::{Context as _, Result, bail, ensure};
use bund_ledger::{Error, Event, Log, SignedCheckpoint};
use jiff::Timestamp;
use libtest_mimic::Trial;

use super::world::{Fate, Fates};
use super::{Model, Step, TRIES, Writer, run};

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, blows: fn() -> Vec<Blow>, life: Life| {
        crate::trial("model", name, move || every_call(&blows(), life))
    };
    vec![
        trial("one call fails", Blow::failures, live),
        trial("the process dies at one call", Blow::deaths, live),
        trial("one call fails while a loss is accepted", Blow::failures, lose),
        trial("the process dies while a loss is accepted", Blow::deaths, lose),
        crate::trial("model", "what another left that is not durable is made durable or not told", || {
            (0..16).try_for_each(|seed| [false, true].into_iter().try_for_each(|opens| inherit(seed, opens)))
        }),
    ]
}

/// A writer dies after its commit can be seen and before it is durable. Another goes on after it, which was open already or
/// opens then; and then the machine loses its power.
fn inherit(seed: u64, opens: bool) -> Result<()> {
    let now = at("2026-05-01T00:00:00Z");
    run(async {
        let model = Model::new(seed, false);
        let (mut first, mut second) = (model.writer("a"), model.writer("b"));
        model.take(&mut first, &Step::Append(0..3, now)).await?;
        model.take(&mut second, &Step::Append(0..3, now)).await?;
        if opens {
            second.log = None;
        }
        model.world.set(Fates::One { call: 0, fate: Fate::Unsynced });
        first.process.live_for(Some(0));
        let process = first.process.clone();
        ensure!(
            process.survive(model.take(&mut first, &Step::Append(3..5, now))).await.is_none(),
            "it lives"
        );
        for step in [Step::Append(3..5, now), Step::Publish] {
            model.take(&mut second, &step).await?;
        }
        model.world.lose_power();
        model.holds(now).await.with_context(|| format!("seed {seed}, opens {opens}"))
    })
}

/// What goes wrong, once.
#[derive(Clone, Copy, Debug)]
struct Blow {
    kind: Kind,
    /// Whether the store is a bucket, where what is there is durable.
    durable: bool,
    /// Whether the machine loses its power with it.
    power: bool,
    /// Whether the process begins again after an error.
    again: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Fails(Fate),
    Dies,
}

/// A life of a log in which a blow falls at a call, if it does: as many calls as it had.
type Life = fn(Blow, Option<u64>) -> Result<u64>;

impl Blow {
    fn failures() -> Vec<Self> {
        let blow = |kind, durable, power, again| Self { kind: Kind::Fails(kind), durable, power, again };
        let of = |fate| {
            [
                blow(fate, true, false, false),
                blow(fate, true, false, true),
                blow(fate, false, false, false),
                blow(fate, false, false, true),
                blow(fate, false, true, true),
            ]
        };
        Fate::FAILURES.into_iter().flat_map(of).collect()
    }

    fn deaths() -> Vec<Self> {
        let blow = |durable, power| Self { kind: Kind::Dies, durable, power, again: true };
        vec![blow(true, false), blow(false, false), blow(false, true)]
    }

    fn prepare(self, model: &Model, writer: &Writer, call: Option<u64>) {
        let (fates, life) = match (self.kind, call) {
            (Kind::Fails(fate), Some(call)) => (Fates::One { call, fate }, None),
            (Kind::Dies, Some(call)) => (Fates::Kind, Some(call)),
            (_, None) => (Fates::Kind, None),
        };
        model.world.set(fates);
        writer.process.live_for(life);
    }

    fn fall(self, model: &Model, writer: &mut Writer) {
        if self.again {
            writer.log = None;
        }
        if self.power {
            model.world.lose_power();
        }
    }
}

/// Deals each blow at each call of a life.
fn every_call(blows: &[Blow], life: Life) -> Result<()> {
    for blow in blows {
        let calls = life(*blow, None).with_context(|| format!("{blow:?} at no call"))?;
        for call in 0..calls {
            life(*blow, Some(call)).with_context(|| format!("{blow:?} at call {call} of {calls}"))?;
        }
    }
    Ok(())
}

/// A log comes to be, changes its key, and goes on in the next year.
fn live(blow: Blow, call: Option<u64>) -> Result<u64> {
    let (first, last) = (at("2026-12-31T23:00:00Z"), at("2027-01-01T01:00:00Z"));
    let steps = [
        Step::Append(0..3, first),
        Step::Publish,
        Step::Append(3..5, first),
        Step::Rotate(first),
        Step::Append(5..6, first),
        Step::Publish,
        Step::Append(4..8, last),
        Step::Publish,
        Step::Rotate(last),
        Step::Append(6..9, first),
    ];
    run(async {
        let model = Model::new(call.unwrap_or_default(), blow.durable);
        let mut writer = model.writer("a");
        blow.prepare(&model, &writer, call);
        for step in &steps {
            insist(&model, &mut writer, step, blow).await.with_context(|| format!("{step:?}"))?;
        }
        let calls = model.world.calls();
        model.holds(last).await?;
        Ok(calls)
    })
}

/// Takes a step until it is done.
async fn insist(model: &Model, writer: &mut Writer, step: &Step, blow: Blow) -> Result<()> {
    let process = writer.process.clone();
    let mut errors = Vec::new();
    while errors.len() < TRIES {
        match process.survive(model.take(writer, step)).await {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => errors.push(error.to_string()),
            None => errors.push("died".to_owned()),
        }
        if errors.len() == 1 {
            blow.fall(model, writer);
            if errors == ["died"] {
                writer.log = None;
            }
        }
    }
    bail!("tried again and again: {errors:#?}")
}

/// A store is put back to what it was, and somebody accepts the loss.
fn lose(blow: Blow, call: Option<u64>) -> Result<u64> {
    let now = at("2026-05-01T00:00:00Z");
    run(async {
        let mut model = Model::new(call.unwrap_or_default(), blow.durable);
        let mut writer = model.writer("a");
        for step in [Step::Append(0..4, now), Step::Publish] {
            model.take(&mut writer, &step).await?;
        }
        let (backup, kept) = (model.world.backup(), model.history().acknowledged);
        for step in [Step::Append(4..8, now), Step::Publish] {
            model.take(&mut writer, &step).await?;
        }
        model.world.restore(backup);
        writer.log = None;
        model.history.lock().unwrap().acknowledged = kept;
        model.forgiven = model.world.signed();
        model.forgiven.retain(|text| SignedCheckpoint::unverified(text).unwrap().size > 5);

        blow.prepare(&model, &writer, call);
        accept(&model, &mut writer, blow, now).await?;
        insist(&model, &mut writer, &Step::Append(2..9, now), blow).await?;
        let calls = model.world.calls();
        model.world.set(Fates::Kind);
        model.world.settle();
        let store = super::Process::new(&model.world);
        let shards = model.history().check(&store).await?;
        let said = shards.values().flat_map(|shard| &shard.entries);
        let said: Vec<_> = said
            .filter_map(|entry| match &entry.event {
                Event::LossAccepted { left, why, .. } => Some((*left, why.as_str())),
                _ => None,
            })
            .collect();
        ensure!(said == [(5, "the disk")], "{said:?}");
        writer.log = None;
        model.take(&mut writer, &Step::Append(9..10, now)).await.context("it opens again")?;
        Ok(calls)
    })
}

/// Accepts the loss, as a person would: opens the log, and if that is refused accepts, until it opens.
async fn accept(model: &Model, writer: &mut Writer, blow: Blow, now: Timestamp) -> Result<()> {
    let process = writer.process.clone();
    let mut errors = Vec::new();
    while errors.len() < TRIES {
        let opening = model.opening(writer, 0);
        let opened = process.survive(async {
            match Log::open(opening.clone()).await {
                Err(Error::Rollback { .. }) => Log::accept_loss(opening, "the disk", now).await,
                opened => opened,
            }
        });
        match opened.await {
            Some(Ok(log)) => {
                writer.log = Some(log);
                return Ok(());
            }
            Some(Err(error)) => errors.push(error.to_string()),
            None => errors.push("died".to_owned()),
        }
        if errors.len() == 1 {
            blow.fall(model, writer);
        }
    }
    bail!("the loss cannot be accepted: {errors:#?}")
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
