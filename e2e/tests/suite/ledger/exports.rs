//! Other people's tools accept our exports and proofs, and refuse what was made of them.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bund_ledger::{
    Directory, SecretKey,
    export::{Range, export},
    proof::prove,
    report::Language,
    verify::{verify_export, verify_proof},
};
use libtest_mimic::Trial;

use super::{
    damage::{self, DAMAGES, Damage},
    kept::{Kept, whole},
    logs::{self, SHARD},
    readers::{Readers, Verdict},
};
use crate::{bed::Bed, trial};

/// Entries at the edges of tiles, and one in the middle.
const PROVEN: [u64; 6] = [0, 1, 150, 255, 256, 299];

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "ledger", "other people accept an export and see every kind of damage in it", exports),
        trial(bed, "ledger", "other people accept our proofs and refuse what was made of them", proofs),
    ]
}

async fn exports(_: &Bed) -> Result<()> {
    let readers = Readers::find().await?;
    let mut kept = Kept::begin().await?;
    kept.grow(damage::OLDER).await?;
    kept.grow(damage::SIZE).await?;
    let older = [damage::OLDER, damage::SIZE].map(|size| kept.checkpoint_at(size));
    let folder = kept.folder.path().join("export");
    export(&Directory::new(&kept.path())?, Range::default(), Language::English, &folder).await?;
    let shard = folder.join(SHARD);

    // The key that the export names is the one that we know.
    let policy = fs::read_to_string(shard.join("policy.txt"))?;
    let named = policy.lines().find_map(|line| line.strip_prefix("log "));
    ensure!(named == Some(fs::read_to_string(kept.vkey())?.as_str()), "the export names {named:?}");

    let proofs: Vec<PathBuf> =
        PROVEN.iter().map(|index| folder.join(format!("proofs/{SHARD}/{index}.tlog-proof"))).collect();
    readers.fsck(&shard, &kept.vkey()).await?.holds().context("fsck")?;
    let mut arguments: Vec<&OsStr> =
        proofs.iter().flat_map(|proof| [OsStr::new("-proof"), proof.as_os_str()]).collect();
    let vkey = kept.vkey();
    arguments.extend(whole(&vkey, &older, &shard));
    readers.verify(arguments).await?.holds().context("tlog-verify")?;
    let trust = kept.trust(&older)?;
    let ours = verify_export(&bund_ledger::read::Folder::new(&folder), &trust)?;
    ensure!(ours.exit_code() == 0, "our verification of what is fine says {:?}", ours.findings);

    for Damage { name, apply, .. } in DAMAGES.iter().filter(|damage| damage.seen_by_fsck) {
        let copy = tempfile::tempdir()?;
        damage::copy(&folder, copy.path())?;
        let shard = copy.path().join(SHARD);
        apply(&shard).context(*name)?;
        let fsck = readers.fsck(&shard, &vkey).await?;
        ensure!(!fsck.accepted, "{name}: fsck says {}", fsck.said);
        let verified = readers.verify(whole(&vkey, &[], &shard)).await?;
        ensure!(!verified.accepted, "{name}: tlog-verify says {}", verified.said);
        let ours = verify_export(&bund_ledger::read::Folder::new(copy.path()), &trust)?;
        ensure!(ours.exit_code() != 0, "{name}: our verification finds {:?}", ours.findings);
    }
    Ok(())
}

/// A proof by itself: of notes, and of an entry of the largest size.
async fn proofs(_: &Bed) -> Result<()> {
    let readers = Readers::find().await?;
    let mut kept = Kept::begin().await?;
    kept.log.append(&[logs::largest("largest", 0)?], logs::now()?).await?;
    kept.grow(damage::SIZE).await?;
    let store = Directory::new(&kept.path())?;
    let file = kept.folder.path().join("proof");
    let other = kept.folder.path().join("other.vkey");
    logs::write_key(&SecretKey::generate(logs::name()?), &other)?;
    let trust = kept.trust(&[])?;
    for index in PROVEN {
        let proof = prove(&store, SHARD.parse()?, index).await?;
        let text = proof.text();
        fs::write(&file, &text)?;
        alone(&readers, &kept.vkey(), &file).await?.holds().with_context(|| format!("proof of {index}"))?;
        let ours = verify_proof("proof", &text, &trust);
        ensure!(ours.exit_code() == 0, "our verification of the proof of {index} says {:?}", ours.findings);
        let stranger = alone(&readers, &other, &file).await?;
        ensure!(!stranger.accepted, "another key verifies the proof of {index}: {}", stranger.said);
        for (name, forged) in forgeries(&text, index)? {
            fs::write(&file, &forged)?;
            let theirs = alone(&readers, &kept.vkey(), &file).await?;
            ensure!(!theirs.accepted, "{name} in the proof of {index}: {}", theirs.said);
            let ours = verify_proof("proof", &forged, &trust);
            ensure!(ours.exit_code() != 0, "{name} in the proof of {index}: ours finds {:?}", ours.findings);
        }
    }
    Ok(())
}

async fn alone(readers: &Readers, key: &Path, proof: &Path) -> Result<Verdict> {
    let arguments = [OsStr::new("-key"), key.as_os_str(), OsStr::new("-proof"), proof.as_os_str()];
    readers.verify(arguments).await
}

/// What somebody may make of a proof of the entry at `index`.
fn forgeries(text: &str, index: u64) -> Result<Vec<(&'static str, String)>> {
    let (head, checkpoint) = text.split_once("\n\n").context("a proof without a checkpoint")?;
    let lines: Vec<&str> = head.lines().collect();
    let [version, extra, number, path @ ..] = lines.as_slice() else {
        anyhow::bail!("a short proof: {head}")
    };
    let whole = |extra: &str, number: &str, path: &[&str], checkpoint: &str| {
        [&[*version, extra, number], path, &["", checkpoint]].concat().join("\n")
    };
    let entry = BASE64_STANDARD.decode(extra.strip_prefix("extra ").context("a proof without its entry")?)?;
    let entry = String::from_utf8(entry)?.replacen("trial", "forged", 1);
    let entry = format!("extra {}", BASE64_STANDARD.encode(entry));
    let beside = format!("index {}", index ^ 1);
    let beyond = format!("index {}", damage::SIZE);
    let larger = checkpoint.replacen(&format!("\n{}\n", damage::SIZE), "\n301\n", 1);
    let reversed: Vec<&str> = path.iter().rev().copied().collect();
    let shorter = path.get(1..).unwrap_or_default();
    let longer: Vec<&str> = path.iter().chain(path.last()).copied().collect();
    Ok(vec![
        ("another entry", whole(&entry, number, path, checkpoint)),
        ("another index", whole(extra, &beside, path, checkpoint)),
        ("an index beyond the end", whole(extra, &beyond, path, checkpoint)),
        ("another size", whole(extra, number, path, &larger)),
        ("the path in reverse", whole(extra, number, &reversed, checkpoint)),
        ("a path that is too short", whole(extra, number, shorter, checkpoint)),
        ("a path that is too long", whole(extra, number, &longer, checkpoint)),
    ])
}
