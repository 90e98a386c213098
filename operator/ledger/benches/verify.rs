//! What it takes to verify a ledger and to open it: entries of 500 bytes, in a directory.
#![expect(clippy::print_stdout, reason = "figures are for people")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bund_ledger::export::{Range, export};
use bund_ledger::policy::Policy;
use bund_ledger::read::Folder;
use bund_ledger::report::Language;
use bund_ledger::verify::{Trust, verify_export, verify_store};
use bund_ledger::{Directory, Draft, EntryId, Event, Keys, Log, Opening, SecretKey, Store};
use jiff::Timestamp;

/// As many entries as are written at once.
const BATCH: u32 = 256;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "\nLedger: verification and opening (goals: 200,000 entries/s verified, a million entries opened in 10 s)"
    );
    for entries in [100_000, 1_000_000] {
        run(entries).await?;
    }
    Ok(())
}

async fn run(entries: u32) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (log, copy) = (folder.path().join("log"), folder.path().join("export"));
    std::fs::create_dir(&log)?;
    let store: Arc<dyn Store> = Arc::new(Directory::new(&log)?);
    let key = SecretKey::generate("ledger.example.com/bench".parse()?);
    let keys = Keys::of(key.clone());
    let opening =
        Opening { store: store.clone(), keys, by: "bund-controller-7c9f".into(), anchors: Vec::new() };
    write(opening.clone(), entries).await?;

    let begun = Instant::now();
    let opened = Log::open(opening).await?;
    tell(entries, "opened", begun.elapsed());
    drop(opened);

    let trust = Trust { policy: Some(Policy::of_logs(vec![key.verifier(None)])), checkpoints: Vec::new() };
    let begun = Instant::now();
    let report = verify_store(&store, &trust).await?;
    tell(entries, "verified", begun.elapsed());
    if !report.findings.is_empty() {
        return Err(format!("{:?}", report.findings).into());
    }

    let begun = Instant::now();
    export(&*store, Range::default(), Language::English, &copy).await?;
    tell(entries, "exported", begun.elapsed());
    let begun = Instant::now();
    let report = verify_export(&Folder::new(&copy), &trust)?;
    tell(entries, "verified of the export", begun.elapsed());
    if !report.findings.is_empty() {
        return Err(format!("{:?}", report.findings).into());
    }
    Ok(())
}

async fn write(opening: Opening, entries: u32) -> Result<(), Box<dyn Error>> {
    let now: Timestamp = "2026-05-01T00:00:00Z".parse()?;
    let mut log = Log::init(opening, now).await?;
    for first in (0..entries).step_by(BATCH as usize) {
        let drafts: Result<Vec<_>, _> = (first..(first + BATCH).min(entries)).map(draft).collect();
        log.append(&drafts?, now).await?;
        if first % (BATCH * 16) == 0 {
            log.publish().await?;
        }
    }
    log.publish().await?;
    Ok(())
}

/// An event whose entry has about 500 bytes.
fn draft(number: u32) -> Result<Draft, Box<dyn Error>> {
    let id = EntryId::new(&format!("bench:{number:012}"))?;
    let text = format!("number {number}: {}", "what happened ".repeat(22));
    Ok(Draft { id, event: Event::Noted { text, about: Some("a transfer".into()) }, retain_until: None })
}

fn tell(entries: u32, what: &str, took: Duration) {
    let rate = f64::from(entries) / took.as_secs_f64();
    println!("{entries:>9} entries {what}: {:.2} s, {rate:.0} entries/s", took.as_secs_f64());
}
