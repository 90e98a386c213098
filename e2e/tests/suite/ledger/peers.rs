//! Other people's tools accept our logs and find damage in them.

use std::{ffi::OsStr, fs, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use bund_ledger::{
    Directory, Error, Invalid, Keys,
    verify::{Severity, verify_store},
};
use libtest_mimic::Trial;

use super::{
    damage::{self, DAMAGES, Damage},
    kept::{Kept, whole},
    logs::{self, SHARD},
    readers::Readers,
};
use crate::{bed::Bed, trial};

/// Where tiles and bundles begin and end, and a level above them.
const SIZES: [u64; 5] = [1, 255, 256, 257, 65_536];

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "ledger", "other people accept a log at every size", sizes),
        trial(bed, "ledger", "other people accept the smallest and the largest entries", extremes),
        trial(bed, "ledger", "other people see every kind of damage", damages),
        trial(bed, "ledger", "other people refuse another key another log and a fork", others),
        trial(bed, "ledger", "other people accept a log with the old key and the new one", rotation),
    ]
}

/// The log grows; at each size both tools accept it, with the root that we signed, as grown from each size before.
async fn sizes(_: &Bed) -> Result<()> {
    let readers = Readers::find().await?;
    let mut kept = Kept::begin().await?;
    let mut older = Vec::new();
    for size in SIZES {
        let published = kept.grow(size).await?;
        let (shard, vkey) = (kept.shard(), kept.vkey());
        readers.fsck(&shard, &vkey).await?.holds().with_context(|| format!("fsck of {size}"))?;
        let said = readers.verify(whole(&vkey, &older, &shard)).await?.holds();
        let said = said.with_context(|| format!("tlog-verify of {size}"))?;
        let expected = format!(
            "{}: all {size} entries are in ledger.example.com/prod/2026, root {}\n",
            shard.display(),
            published.root
        );
        ensure!(said == expected, "it says {said:?} instead of {expected:?}");
        older.push(kept.checkpoint_at(size));
    }
    Ok(())
}

/// Entries of the fewest and of the most bytes, more than a bundle of the latter; one byte more is no entry.
async fn extremes(_: &Bed) -> Result<()> {
    let readers = Readers::find().await?;
    let mut kept = Kept::begin().await?;
    let now = logs::now()?;
    kept.log.append(&[logs::draft("a", "")?], now).await?;
    for number in 0..257 {
        kept.log.append(&[logs::largest(&format!("largest:{number:03}"), 0)?], now).await?;
    }
    let refused = kept.log.append(&[logs::largest("too-large", 1)?], now).await.err();
    ensure!(matches!(refused, Some(Error::Invalid(Invalid::TooLarge(_)))), "it says {refused:?}");
    kept.log.publish().await?;
    kept.accepted(&readers, &kept.vkey(), &[kept.checkpoint_at(1)]).await
}

/// A log that is fine is accepted; after each kind of damage it is not.
async fn damages(_: &Bed) -> Result<()> {
    let readers = Readers::find().await?;
    let mut kept = Kept::begin().await?;
    kept.grow(damage::OLDER).await?;
    kept.grow(damage::SIZE).await?;
    let remembered = [damage::OLDER, damage::SIZE].map(|size| kept.folder.path().join(size.to_string()));
    for (size, path) in [damage::OLDER, damage::SIZE].iter().zip(&remembered) {
        fs::copy(kept.checkpoint_at(*size), path)?;
    }
    kept.accepted(&readers, &kept.vkey(), &remembered).await?;
    let trust = kept.trust(&remembered)?;
    let ours = verify_store(&(Arc::new(Directory::new(&kept.path())?) as _), &trust).await?;
    ensure!(ours.findings.is_empty(), "our verification of what is fine says {:?}", ours.findings);
    for Damage { name, apply, seen_by_fsck } in DAMAGES {
        let folder = tempfile::tempdir()?;
        damage::copy(&kept.path(), folder.path())?;
        let shard = folder.path().join(SHARD);
        apply(&shard).context(name)?;
        let fsck = readers.fsck(&shard, &kept.vkey()).await?;
        ensure!(fsck.accepted != seen_by_fsck, "{name}: fsck says {}", fsck.said);
        let verified = readers.verify(whole(&kept.vkey(), &remembered, &shard)).await?;
        ensure!(!verified.accepted, "{name}: tlog-verify says {}", verified.said);
        let ours = verify_store(&(Arc::new(Directory::new(folder.path())?) as _), &trust).await?;
        // Where the newest checkpoint is kept too, an older one in its place is no more than a warning.
        let expected = if seen_by_fsck { Severity::Tampered } else { Severity::Warning };
        ensure!(ours.worst() == Some(expected), "{name}: our verification finds {:?}", ours.findings);
    }
    Ok(())
}

/// What somebody else signed, and what the same key signed over other entries.
async fn others(_: &Bed) -> Result<()> {
    let readers = Readers::find().await?;
    let mut kept = Kept::begin().await?;
    kept.grow(100).await?;
    let mut fork = Kept::begin_with(kept.key.clone()).await?;
    fork.log.append(&[logs::draft("fork", "what was never said in the first")?], logs::now()?).await?;
    let mut stranger = Kept::begin().await?;
    stranger.grow(100).await?;
    let fsck = readers.fsck(&kept.shard(), &stranger.vkey()).await?;
    ensure!(!fsck.accepted, "fsck accepts another key: {}", fsck.said);
    let verified = readers.verify(whole(&stranger.vkey(), &[], &kept.shard())).await?;
    ensure!(!verified.accepted, "tlog-verify accepts another key: {}", verified.said);
    for size in [50, 100, 101] {
        fork.grow(size).await?;
        let older = [fork.checkpoint_at(size)];
        fork.accepted(&readers, &kept.vkey(), &older).await?;
        let verified = readers.verify(whole(&kept.vkey(), &older, &kept.shard())).await?;
        ensure!(!verified.accepted, "tlog-verify accepts a fork at {size}: {}", verified.said);
    }
    let older = [stranger.checkpoint_at(100)];
    let verified = readers.verify(whole(&kept.vkey(), &older, &kept.shard())).await?;
    ensure!(!verified.accepted, "tlog-verify accepts a stranger's checkpoint: {}", verified.said);
    fs::copy(stranger.checkpoint_at(100), kept.shard().join("checkpoint"))?;
    let fsck = readers.fsck(&kept.shard(), &kept.vkey()).await?;
    ensure!(!fsck.accepted, "fsck accepts a stranger's checkpoint: {}", fsck.said);
    Ok(())
}

/// While both keys sign, either of them verifies; afterwards the new one alone.
async fn rotation(_: &Bed) -> Result<()> {
    let readers = Readers::find().await?;
    let mut kept = Kept::begin().await?;
    kept.grow(10).await?;
    let new = logs::key()?;
    let new_vkey = kept.folder.path().join("new.vkey");
    logs::write_key(&new, &new_vkey)?;
    let both = Keys { current: new.clone(), beside: vec![kept.key.clone()] };
    kept.log.rotate(both, logs::now()?).await?;
    kept.grow(20).await?;
    let signatures = kept.log.published().map_or(0, |it| it.text.matches("\n\u{2014} ").count());
    ensure!(signatures == 2, "{signatures} keys signed instead of two");
    let before = [kept.checkpoint_at(10)];
    kept.accepted(&readers, &kept.vkey(), &before).await.context("the old key")?;
    kept.accepted(&readers, &new_vkey, &[]).await.context("the new key")?;

    kept.log.rotate(Keys::of(new), logs::now()?).await?;
    kept.grow(30).await?;
    kept.accepted(&readers, &new_vkey, &[kept.checkpoint_at(20)]).await.context("the new key alone")?;
    let (old_vkey, shard) = (kept.vkey(), kept.shard());
    let fsck = readers.fsck(&shard, &old_vkey).await?;
    ensure!(!fsck.accepted, "fsck accepts the retired key: {}", fsck.said);
    let verified = readers.verify(whole(&old_vkey, &before, &shard)).await?;
    ensure!(!verified.accepted, "tlog-verify accepts the retired key: {}", verified.said);
    let mut either = vec![OsStr::new("-key"), new_vkey.as_os_str()];
    either.extend(whole(&old_vkey, &before, &shard));
    readers.verify(either).await?.holds().context("either key, from before the rotation").map(drop)
}
