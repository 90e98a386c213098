//! Writers under load are killed at any time, and two write at once while one of them is stopped now and then.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bund_ledger::Log;
use libtest_mimic::Trial;

use crate::history::History;
use crate::model::Dice;
use crate::writer::{Running, Task, judge, now, opening};

pub fn trials() -> Vec<Trial> {
    vec![
        crate::trial("kills", "a writer with 64 callers is killed 20 times", || killed(20)),
        crate::trial("kills", "a writer with 64 callers is killed 500 times", || killed(500))
            .with_ignored_flag(true),
        crate::trial("kills", "two processes write and one is stopped now and then", || stopped(12)),
        crate::trial("kills", "two processes write and one is stopped for minutes", || stopped(400))
            .with_ignored_flag(true),
    ]
}

const CALLERS: u32 = 64;
/// How long a writer may take until it tells of the first event.
const PATIENCE: Duration = Duration::from_mins(1);
/// After so many kills a new log begins, so that reading it stays short.
const PER_LOG: u32 = 25;

/// The same chance every time; what the machine does differs.
const SEED: u64 = 8;

fn begin(folder: &Path) -> Result<()> {
    std::fs::create_dir(folder)?;
    runtime()?
        .block_on(async { Log::init(opening(folder, "begin")?, now()).await.map_err(Into::into).map(drop) })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn killed(times: u32) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut dice = Dice::new(SEED);
    for round in 0..times.div_ceil(PER_LOG) {
        let log = folder.path().join(round.to_string());
        begin(&log)?;
        let (mut history, mut next) = (History::default(), 2);
        for kill in 0..PER_LOG.min(times - round * PER_LOG) {
            // Some of what was under way when the last one died is asked for again.
            let first = next - (next - 2).min(CALLERS);
            let task =
                Task { folder: log.clone(), by: format!("w{kill}"), first, last: u32::MAX, callers: CALLERS };
            let mut running = Running::start(task.command(&[])?)?;
            let told = dice.small(600);
            wait(&mut running, told)?;
            std::thread::sleep(Duration::from_micros(dice.below(20_000)));
            running.child.kill()?;
            next = first + running.count() + CALLERS;
            running.end(&mut history)?;
        }
        runtime()?.block_on(judge(&log, &mut history)).with_context(|| format!("log {round}"))?;
        println!(
            "kills: {} events acknowledged, {} checkpoints",
            history.acknowledged.len(),
            history.signed.len()
        );
        std::fs::remove_dir_all(&log)?;
    }
    Ok(())
}

/// Waits until a writer told of so many events.
fn wait(running: &mut Running, told: u32) -> Result<()> {
    let started = Instant::now();
    while running.count() <= told {
        if let Some(status) = running.child.try_wait()? {
            anyhow::bail!("the writer ended by itself: {status}");
        }
        ensure!(started.elapsed() < PATIENCE, "the writer does not write");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn stopped(times: u32) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    begin(&log)?;
    let (mut history, mut dice) = (History::default(), Dice::new(SEED));
    // Both ask for the same events.
    let start = |by: &str| {
        let task =
            Task { folder: log.clone(), by: by.to_owned(), first: 2, last: u32::MAX, callers: CALLERS };
        Running::start(task.command(&[])?)
    };
    let mut writers = [start("a")?, start("b")?];
    for writer in &mut writers {
        wait(writer, 0)?;
    }
    for _ in 0..times {
        let [one, other] = &mut writers;
        let (held, free) = if dice.happens(50) { (one, other) } else { (other, one) };
        signal("STOP", held)?;
        let told = free.count() + dice.small(200);
        wait(free, told)?;
        signal("CONT", held)?;
        let told = held.count() + dice.small(50);
        wait(held, told)?;
    }
    for mut writer in writers {
        writer.child.kill()?;
        let complaint = writer.end(&mut history)?;
        ensure!(complaint.is_empty(), "{complaint}");
    }
    println!("kills: two writers told of {} events", history.acknowledged.len());
    runtime()?.block_on(judge(&log, &mut history))
}

fn signal(name: &str, writer: &Running) -> Result<()> {
    let sent = Command::new("kill").args([format!("-{name}"), writer.child.id().to_string()]).status()?;
    ensure!(sent.success(), "kill -{name}");
    Ok(())
}
