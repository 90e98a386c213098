//! A call of the file system fails, or the process is killed at it: every call of an append and what is published of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bund_ledger::Log;
use libtest_mimic::Trial;

use crate::history::History;
use crate::writer::{IDLE_CALLS, Running, Task, draft, judge, now, opening};

pub fn trials() -> Vec<Trial> {
    vec![
        crate::trial("strace", "a tenth of the calls fail", || every_call(Some(10))),
        crate::trial("strace", "every call fails", || every_call(None)).with_ignored_flag(true),
    ]
}

/// Calls that read, write, name and sync files, by any of their names.
const CALLS: &str = "trace=/^(openat|link|linkat|rename|renameat|renameat2|unlink|unlinkat|mkdir|mkdirat|rmdir|fsync|fdatasync|write|close|read)$";
/// Those that the thread makes before it touches the log.
const IDLE: [&str; 4] = ["openat", "write", "read", "close"];
const FAULTS: [&str; 3] = ["error=EIO", "error=ENOSPC", "signal=KILL"];
/// How long a writer may take before it counts as hanging; then it is killed.
const PATIENCE: Duration = Duration::from_secs(30);
/// With so many entries, the ones that follow fill the first bundle and tile.
const ENTRIES: u32 = 253;

fn every_call(share: Option<usize>) -> Result<()> {
    let known = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: strace is missing, so no call was made to fail; install it");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let model = folder.path().join("model");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::fs::create_dir(&model)?;
    let history = runtime.block_on(begin(&model))?;
    let counts = count(&model, folder.path())?;
    let all: Vec<_> = counts
        .iter()
        .flat_map(|(call, count)| (1..=*count).map(move |number| (call, number)))
        .flat_map(|(call, number)| FAULTS.map(|fault| (call, number, fault)))
        .collect();
    println!("strace: {counts:?}");
    ensure!(all.len() > 300, "too few calls to make fail: {counts:?}");
    let mut injected = 0;
    for (call, number, fault) in all.iter().step_by(share.unwrap_or(1)) {
        let told = format!("{call} number {number} with {fault}");
        let mut history = history.clone();
        let log = folder.path().join("log");
        copy(&model, &log)?;
        let idle = if IDLE.contains(&call.as_str()) { IDLE_CALLS } else { 0 };
        let inject = format!("inject={call}:{fault}:when={}", idle + number);
        let fell = blow(&log, &inject, &mut history).with_context(|| told.clone())?;
        if !fell {
            println!("strace: not reached: {told}");
        }
        injected += usize::from(fell);
        runtime.block_on(judge(&log, &mut history)).with_context(|| told.clone())?;
        std::fs::remove_dir_all(&log)?;
    }
    let tried = all.len().div_ceil(share.unwrap_or(1));
    println!("strace: {injected} faults at {tried} calls of {}", all.len());
    ensure!(injected * 10 >= tried * 9, "of {tried} faults only {injected} fell");
    Ok(())
}

async fn begin(folder: &Path) -> Result<History> {
    let mut history = History::default();
    let mut log = Log::init(opening(folder, "a")?, now()).await?;
    let drafts = (0..ENTRIES).map(draft).collect::<Result<Vec<_>>>()?;
    for (draft, told) in drafts.iter().zip(log.append(&drafts, now()).await?) {
        history.acknowledge(&draft.id, (told.shard, told.index));
    }
    log.publish().await?;
    Ok(history)
}

fn task(log: &Path) -> Task {
    Task { folder: log.to_owned(), by: "b".to_owned(), first: ENTRIES, last: ENTRIES + 4, callers: 1 }
}

/// As many calls of each name as the thread makes that has to do with the log.
fn count(model: &Path, folder: &Path) -> Result<BTreeMap<String, usize>> {
    let (log, trace) = (folder.join("log"), folder.join("trace"));
    copy(model, &log)?;
    let wrapped = ["strace", "-f", "-o", &trace.to_string_lossy(), "-e", CALLS].map(str::to_owned);
    let mut history = History::default();
    let complaint = Running::start(task(&log).command(&wrapped)?)?.end(&mut history)?;
    ensure!(history.acknowledged.len() == 4, "without a fault: {complaint}");
    std::fs::remove_dir_all(&log)?;
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in std::fs::read_to_string(trace)?.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        if let Some((call, _)) = rest.trim_start().split_once('(')
            && call.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            *counts.entry((thread.to_owned(), call.to_owned())).or_default() += 1;
        }
    }
    let of_files =
        counts.iter().filter(|((_, call), _)| call.starts_with("link")).map(|((thread, _), _)| thread);
    let thread = of_files.max().context("nobody links a file")?.clone();
    let of_thread = counts.into_iter().filter(|((of, _), _)| *of == thread);
    Ok(of_thread
        .map(|((_, call), count)| {
            let idle = if IDLE.contains(&call.as_str()) { IDLE_CALLS } else { 0 };
            (call, count.saturating_sub(idle))
        })
        .collect())
}

/// Runs a writer in which a call fails: whether it did.
fn blow(log: &Path, inject: &str, history: &mut History) -> Result<bool> {
    let trace = log.with_extension("trace");
    let call = inject.trim_start_matches("inject=").split(':').next().unwrap_or_default();
    let only = format!("trace={call}");
    let wrapped =
        ["strace", "-f", "-o", &trace.to_string_lossy(), "-e", &only, "-e", inject].map(str::to_owned);
    let mut running = Running::start(task(log).command(&wrapped)?)?;
    let started = Instant::now();
    while running.child.try_wait()?.is_none() {
        if started.elapsed() > PATIENCE {
            // strace lets go of the writer when it dies, so the writer is killed, by its number.
            let text = std::fs::read_to_string(&trace)?;
            let writer = text.split_whitespace().next().context("no trace")?;
            Command::new("kill").args(["-KILL", writer]).status()?;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    running.end(history)?;
    let trace = std::fs::read_to_string(trace)?;
    Ok(trace.contains("(INJECTED)") || trace.contains("killed by SIGKILL"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").arg("-r").arg(from).arg(to).status()?;
    ensure!(copied.success(), "cp failed");
    std::fs::copy(from.with_extension("key"), to.with_extension("key"))
        .map(drop)
        .or_else(|error| if to.with_extension("key").exists() { Ok(()) } else { Err(error) })?;
    Ok(())
}
