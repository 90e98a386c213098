//! How fast a log in a directory takes entries, each durable before it is acknowledged, and how fast it is read again.
//!
//! `BUND_BENCH_STORE=s3://bucket/prefix` measures a bucket instead, with the environment of the AWS tools.
#![expect(clippy::print_stdout, reason = "figures are for people")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bund_ledger::{
    Directory, Draft, EntryId, Event, Keys, Log, Objects, Opening, SecretKey, Sequencer, Store,
};
use jiff::Timestamp;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

/// Long enough that publishing and full tiles count.
const LENGTH: Duration = Duration::from_secs(10);
/// An entry of a decision on a transfer is about so long.
const TEXT: usize = 800;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!(
        "\nLedger: entries of about 1 KB, each durable before it is acknowledged (goal: 5,000/s, p99 50 ms)"
    );
    for callers in [1, 64] {
        runtime.block_on(append(callers))?;
    }
    Ok(())
}

async fn append(callers: u64) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let store: Arc<dyn Store> = match std::env::var("BUND_BENCH_STORE") {
        Ok(url) => Arc::new(Objects::s3(&format!("{}/{callers}", url.trim_end_matches('/')))?),
        Err(_) => Arc::new(Directory::new(folder.path())?),
    };
    let keys = Keys::of(SecretKey::generate("ledger.example.com/bench".parse()?));
    let opening = Opening { store, keys, by: "bench".to_owned(), anchors: Vec::new() };
    let log = Log::init(opening.clone(), Timestamp::now()).await?;
    let (sequencer, running) = Sequencer::start(log, Timestamp::now);
    let running = tokio::spawn(running);
    let started = Instant::now();
    let mut asking = JoinSet::new();
    for caller in 0..callers {
        let sequencer = sequencer.clone();
        asking.spawn(async move {
            let mut took = Vec::new();
            while started.elapsed() < LENGTH {
                let draft = draft(&format!("{caller}:{}", took.len()))?;
                let asked = Instant::now();
                sequencer.append(draft).await?;
                took.push(asked.elapsed());
            }
            Ok::<_, Failure>(took)
        });
    }
    drop(sequencer);
    let mut took = Vec::new();
    while let Some(of_one) = asking.join_next().await {
        took.extend(of_one??);
    }
    let length = started.elapsed();
    let size = running.await?.size();
    took.sort_unstable();
    let rank = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
    let again = Instant::now();
    let opened = Log::open(opening).await?.size();
    println!(
        "  {callers:>3} callers: {:>7.0} entries/s, acknowledged p50 {:>8.1?}, p99 {:>8.1?}, longest {:>8.1?}; {opened} of {size} \
         entries read again in {:.2?}",
        f64::from(u32::try_from(took.len())?) / length.as_secs_f64(),
        rank(50),
        rank(99),
        took.last().copied().unwrap_or_default(),
        again.elapsed(),
    );
    Ok(())
}

fn draft(id: &str) -> Result<Draft, Failure> {
    let event = Event::Noted { text: "x".repeat(TEXT), about: None };
    Ok(Draft { id: EntryId::new(id)?, event, retain_until: None })
}
