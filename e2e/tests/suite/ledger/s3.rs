//! A log in a bucket: of a real S3 server, through a way on which answers get lost, and of servers that lie.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use bund_e2e::s3::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY};
use bund_ledger::{
    Created, Draft, EntryId, Error, Keys, Log, Objects, Opening, SecretKey, Sequencer, Store, Unfit,
    Unrecorded, probe,
};
use libtest_mimic::Trial;
use object_store::{RetryConfig, aws::AmazonS3Builder};
use tempfile::TempDir;

use super::{
    liar::{Liar, Lie},
    logs::{self, Collector, SHARD},
    loopback::Loopback,
    lossy::Lossy,
    readers::Readers,
};
use crate::{bed::Bed, trial};

/// Where the log is in the bucket.
const PREFIX: &str = "ledger";
/// How often two writers race for one object.
const RACES: usize = 50;
/// As many entries as each of two writers records; half of them are the same.
const EACH: u64 = 40;
/// As many entries as are recorded while every answer gets lost.
const LOST: u64 = 20;

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "ledger", "a real S3 server passes the test of the store", fit),
        trial(bed, "ledger", "of two that create the same object in a bucket one does", races),
        trial(bed, "ledger", "two writers in a bucket lose nothing and write nothing twice", writers),
        trial(bed, "ledger", "a commit whose answer is lost is written once", lost_answers),
        trial(bed, "ledger", "a bucket that goes away and comes back loses nothing", away),
        trial(bed, "ledger", "a bucket that does not keep its promises is refused", lies),
    ]
}

/// The bucket behind an endpoint.
fn bucket(endpoint: &str) -> Result<Arc<dyn Store>> {
    // Whoever came first installed it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_bucket_name(BUCKET)
        .with_region("us-east-1")
        .with_access_key_id(ACCESS_KEY)
        .with_secret_access_key(SECRET_KEY)
        .with_retry(RetryConfig { max_retries: 2, ..RetryConfig::default() });
    Ok(Arc::new(Objects::with_builder(&format!("s3://{BUCKET}/{PREFIX}"), builder)?))
}

/// What opens the log behind an endpoint, for a writer of whom `collector` remembers every checkpoint.
fn opening(endpoint: &str, key: &SecretKey, by: &str, collector: &Arc<Collector>) -> Result<Opening> {
    let opening = logs::opening(bucket(endpoint)?, Keys::of(key.clone()), by);
    Ok(Opening { anchors: vec![Arc::clone(collector) as _], ..opening })
}

async fn fit(_: &Bed) -> Result<()> {
    let server = S3Server::start().await?;
    let store = bucket(&server.endpoint())?;
    probe(&*store).await.with_context(|| server.log_tail())?;
    ensure!(store.list("").await? == Vec::<String>::new(), "the test left something behind");
    Ok(())
}

async fn races(_: &Bed) -> Result<()> {
    let server = S3Server::start().await?;
    let [one, other] = [bucket(&server.endpoint())?, bucket(&server.endpoint())?];
    for round in 0..RACES {
        let path = format!("race/{round:04}");
        let (first, second) =
            tokio::join!(one.create(&path, "one".into()), other.create(&path, "other".into()));
        let winner = match (first?, second?) {
            (Created::Now, Created::Before) => "one",
            (Created::Before, Created::Now) => "other",
            both => anyhow::bail!("race {round} gives {both:?}"),
        };
        let there = one.get(&path).await?;
        ensure!(
            there.as_deref() == Some(winner.as_bytes()),
            "{winner} won race {round}, and there is {there:?}"
        );
    }
    Ok(())
}

/// Two writers with nothing in common but the bucket, each with one entry after the other, race for every commit.
async fn writers(_: &Bed) -> Result<()> {
    let server = S3Server::start().await?;
    let (key, now, collector) = (logs::key()?, logs::now()?, Arc::<Collector>::default());
    Log::init(opening(&server.endpoint(), &key, "first", &collector)?, now).await?;
    let mut writing = Vec::new();
    for writer in 0..2 {
        // What one writer published the other does not remember: each has a collector of its own.
        let collector = Arc::<Collector>::default();
        let by = format!("writer-{writer}");
        let log = Log::open(opening(&server.endpoint(), &key, &by, &collector)?).await?;
        let (sequencer, running) = Sequencer::start(log, move || now);
        let first = 1 + writer * EACH / 2;
        let asked = tokio::spawn(one_by_one(sequencer, logs::drafts(first..first + EACH)?));
        writing.push((asked, tokio::spawn(running), collector));
    }
    let mut indexes = BTreeMap::new();
    let mut signed = collector.all();
    for (asked, running, collector) in writing {
        for (id, index) in asked.await?? {
            let known = *indexes.entry(id.clone()).or_insert(index);
            ensure!(known == index, "{} is at {known} and at {index}", id.as_str());
        }
        running.await?;
        signed.extend(collector.all());
    }
    let entries = EACH * 3 / 2;
    let expected: Vec<u64> = (1..=entries).collect();
    let mut found: Vec<u64> = indexes.into_values().collect();
    found.sort_unstable();
    ensure!(found == expected, "the entries are at {found:?}");
    checked(&server, &key, &signed, entries + 1).await
}

/// Records one after the other. Who loses too often in a row is told, and records it again.
async fn one_by_one(sequencer: Sequencer, drafts: Vec<Draft>) -> Result<Vec<(EntryId, u64)>> {
    let mut recorded = Vec::new();
    for draft in drafts {
        let appended = loop {
            match sequencer.append(draft.clone()).await {
                Err(Unrecorded::Refused(error)) if matches!(*error, Error::Contended) => {}
                appended => break appended?,
            }
        };
        recorded.push((draft.id, appended.index));
    }
    Ok(recorded)
}

/// Every answer to a first PUT of a commit is lost.
async fn lost_answers(_: &Bed) -> Result<()> {
    let server = S3Server::start().await?;
    let way = Lossy::to(server.port()).await?;
    let (key, now, collector) = (logs::key()?, logs::now()?, Arc::<Collector>::default());
    let mut log = Log::init(opening(&way.endpoint(), &key, "writer", &collector)?, now).await?;
    for (draft, expected) in logs::drafts(1..LOST + 1)?.into_iter().zip(1..) {
        let appended = log.append(&[draft], now).await?;
        let [appended] = appended.as_slice() else { anyhow::bail!("{appended:?} for one entry") };
        let (index, created) = (appended.index, appended.created);
        ensure!((index, created) == (expected, Created::Now), "entry {expected} is {created:?} at {index}");
    }
    log.publish().await?;
    let (lost, size) = (way.lost(), LOST + 1);
    ensure!(lost as u64 == size, "{lost} answers were lost of {size}");
    checked(&server, &key, &collector.all(), size).await
}

/// What was not acknowledged while the server was away is recorded again, and is there once.
async fn away(_: &Bed) -> Result<()> {
    let server = S3Server::start().await?;
    let (key, now, collector) = (logs::key()?, logs::now()?, Arc::<Collector>::default());
    let mut log = Log::init(opening(&server.endpoint(), &key, "writer", &collector)?, now).await?;
    let drafts = logs::drafts(1..11)?;
    let (before, while_away) = drafts.split_at(5);
    log.append(before, now).await?;
    server.stop();
    let refused = log.append(while_away, now).await.err();
    ensure!(matches!(refused, Some(Error::Store(_))), "without a server it says {refused:?}");
    server.resume().await?;
    log.append(&drafts, now).await?;
    log.publish().await?;
    checked(&server, &key, &collector.all(), 11).await
}

async fn lies(_: &Bed) -> Result<()> {
    for (lie, refused) in [
        (Lie::None, (|outcome| outcome.is_none()) as fn(Option<&Unfit>) -> bool),
        (Lie::Overwrites, |outcome| matches!(outcome, Some(Unfit::Overwrites(_)))),
        (Lie::Pretends, |outcome| matches!(outcome, Some(Unfit::Overwrites(_)))),
        (Lie::Dawdles, |outcome| matches!(outcome, Some(Unfit::Overwrites(_)))),
        (Lie::NotImplemented, |outcome| matches!(outcome, Some(Unfit::Failed(_)))),
        (Lie::Forgets, |outcome| outcome.is_some()),
    ] {
        let started = Instant::now();
        let server = Loopback::serve(Liar::new(lie)).await?;
        let outcome = probe(&*bucket(&server.endpoint())?).await.err();
        ensure!(refused(outcome.as_ref()), "{lie:?}: {outcome:?}");
        let opening = logs::opening(bucket(&server.endpoint())?, Keys::of(logs::key()?), "writer");
        let begun = Log::init(opening, logs::now()?).await.err();
        ensure!(
            matches!(begun, Some(Error::Unfit(_))) == (lie != Lie::None),
            "{lie:?}: a log begins: {begun:?}"
        );
        let took = started.elapsed();
        ensure!(took < Duration::from_secs(10), "{lie:?} took {took:?}");
    }
    Ok(())
}

/// Whether other people accept what the server holds, as grown from every checkpoint that anybody signed.
async fn checked(
    server: &S3Server,
    key: &SecretKey,
    signed: &[bund_ledger::SignedCheckpoint],
    size: u64,
) -> Result<()> {
    let last = signed.iter().map(|checkpoint| checkpoint.size).max();
    ensure!(last == Some(size), "the largest checkpoint has {last:?} entries instead of {size}");
    let folder = TempDir::new()?;
    let vkey = folder.path().join("vkey");
    logs::write_key(key, &vkey)?;
    let shard = server.objects().join(PREFIX).join(SHARD);
    // Whoever was last to publish may have been behind; a reader takes the largest.
    std::fs::copy(shard.join(format!("checkpoints/{size:020}")), shard.join("checkpoint"))?;
    let mut arguments: Vec<PathBuf> = vec!["-key".into(), vkey.clone()];
    for (number, checkpoint) in signed.iter().enumerate() {
        let path = folder.path().join(number.to_string());
        std::fs::write(&path, &checkpoint.text)?;
        arguments.extend(["-older".into(), path]);
    }
    arguments.push(shard.clone());
    let readers = Readers::find().await?;
    readers.fsck(&shard, &vkey).await?.holds().context("fsck")?;
    readers.verify(arguments).await?.holds().context("tlog-verify").map(drop)
}
