//! A process that writes to a log in a directory and tells of each event that is acknowledged, until it is done or dies.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};
use bund_ledger::{Directory, Draft, EntryId, Event, Keys, Log, Opening, SecretKey, Sequencer, ShardName};
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::history::History;

/// As many calls of each kind as the thread that reads and writes files makes before it touches the log: more than a
/// process makes in another thread while it starts, so that a fault at a later one is a fault of the log.
pub const IDLE_CALLS: usize = 64;

/// What a writer does.
#[derive(Clone, Debug)]
pub struct Task {
    pub folder: PathBuf,
    pub by: String,
    /// The numbers of its events.
    pub first: u32,
    pub last: u32,
    /// As many callers as ask at the same time.
    pub callers: u32,
}

impl Task {
    /// The task that this process was started for.
    pub fn from_arguments() -> Option<Self> {
        let mut arguments = std::env::args().skip(1);
        if arguments.next()? != "writer" {
            return None;
        }
        Some(Self {
            folder: arguments.next()?.into(),
            by: arguments.next()?,
            first: arguments.next()?.parse().ok()?,
            last: arguments.next()?.parse().ok()?,
            callers: arguments.next()?.parse().ok()?,
        })
    }

    /// The process, not started; after `wrapped`, which gets it as arguments.
    pub fn command(&self, wrapped: &[String]) -> Result<Command> {
        let own = std::env::current_exe()?;
        let mut command = match wrapped {
            [] => Command::new(own),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(own);
                command
            }
        };
        command.arg("writer").arg(&self.folder).arg(&self.by);
        command.args([self.first, self.last, self.callers].map(|number| number.to_string()));
        command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }
}

/// A key that lies beside the log.
pub fn key(folder: &Path) -> Result<SecretKey> {
    let path = folder.with_extension("key");
    if !path.exists() {
        let key = SecretKey::generate("ledger.example.com/test".parse()?);
        std::fs::write(&path, key.to_text())?;
    }
    Ok(SecretKey::read(&std::fs::read_to_string(path)?)?)
}

pub fn opening(folder: &Path, by: &str) -> Result<Opening> {
    let store = Arc::new(Directory::new(folder)?);
    Ok(Opening { store, keys: Keys::of(key(folder)?), by: by.to_owned(), anchors: Vec::new() })
}

pub fn draft(number: u32) -> Result<Draft> {
    let event = Event::Noted { text: format!("number {number}: {}", "x".repeat(200)), about: None };
    Ok(Draft { id: EntryId::new(&format!("test:{number}"))?, event, retain_until: None })
}

pub fn now() -> Timestamp {
    Timestamp::constant(1_790_000_000, 0)
}

/// Does the task.
pub fn run(task: &Task) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        // One thread for files, so that a call has the same number every time.
        .max_blocking_threads(if task.callers == 1 { 1 } else { 8 })
        .enable_time()
        .build();
    match runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(write(task))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn write(task: &Task) -> Result<()> {
    tokio::task::spawn_blocking(idle).await??;
    let log = Log::open(opening(&task.folder, &task.by)?).await?;
    let (sequencer, running) = Sequencer::start(log, now);
    let next = Arc::new(AtomicU32::new(task.first));
    let mut callers = JoinSet::new();
    for _ in 0..task.callers {
        let (sequencer, next, last) = (sequencer.clone(), next.clone(), task.last);
        callers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= last {
                    return Ok::<(), anyhow::Error>(());
                }
                // What failed is asked for again: that is safe.
                let mut told = sequencer.append(draft(number)?).await;
                if told.is_err() {
                    told = sequencer.append(draft(number)?).await;
                }
                if let Ok(told) = told {
                    writeln!(std::io::stdout().lock(), "{number} {} {}", told.shard, told.index)?;
                }
            }
        });
    }
    drop(sequencer);
    let asked = async { callers.join_all().await.into_iter().collect::<Result<()>>() };
    let (_, asked) = futures::join!(running, asked);
    asked
}

fn idle() -> Result<()> {
    for _ in 0..IDLE_CALLS {
        let mut null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
        null.write_all(b" ")?;
        null.read_exact(&mut [])?;
        let _ = null.read(&mut [0])?;
    }
    Ok(())
}

/// A writer that runs, and what it told so far.
pub struct Running {
    pub child: Child,
    told: std::thread::JoinHandle<Result<Vec<(u32, ShardName, u64)>>>,
    count: Arc<AtomicU32>,
}

impl Running {
    pub fn start(mut command: Command) -> Result<Self> {
        let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        let count = Arc::new(AtomicU32::new(0));
        let counted = count.clone();
        let told = std::thread::spawn(move || {
            let mut told = Vec::new();
            for line in output.lines() {
                let line = line?;
                let parts: Vec<_> = line.split(' ').collect();
                let [number, shard, index] = parts.as_slice() else { anyhow::bail!("{line}") };
                told.push((number.parse()?, shard.parse()?, index.parse()?));
                counted.fetch_add(1, Ordering::Relaxed);
            }
            Ok(told)
        });
        Ok(Self { child, told, count })
    }

    /// As many events as it told of.
    pub fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// What it told until it ended, into the history; and what it complained of.
    pub fn end(mut self, history: &mut History) -> Result<String> {
        let mut complaint = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            errors.read_to_string(&mut complaint)?;
        }
        self.child.wait()?;
        let told = self.told.join().map_err(|_| anyhow::anyhow!("a reader panicked"))??;
        for (number, shard, index) in told {
            history.acknowledge(&draft(number)?.id, (shard, index));
        }
        Ok(complaint)
    }
}

/// Adds every checkpoint that lies in a log to those that were ever signed.
pub fn collect_signed(folder: &Path, history: &mut History) -> Result<()> {
    for shard in std::fs::read_dir(folder)? {
        let shard = shard?.path();
        let kept = std::fs::read_dir(shard.join("checkpoints")).into_iter().flatten();
        let kept = kept.map(|found| Ok(found?.path())).collect::<Result<Vec<_>>>()?;
        for path in kept.into_iter().chain([shard.join("checkpoint")]) {
            let staged = path.file_name().is_some_and(|name| name.to_string_lossy().contains('#'));
            if !staged && path.exists() {
                history.signed.insert(std::fs::read_to_string(path)?);
            }
        }
    }
    Ok(())
}

/// The log opens, records, and holds all that was told and signed.
pub async fn judge(folder: &Path, history: &mut History) -> Result<()> {
    collect_signed(folder, history)?;
    let mut log = Log::open(opening(folder, "judge")?).await.context("it does not open")?;
    let drafts = [draft(1)?, draft(u32::MAX)?];
    for (draft, told) in drafts.iter().zip(log.append(&drafts, now()).await.context("it does not record")?) {
        history.acknowledge(&draft.id, (told.shard, told.index));
    }
    log.publish().await?;
    collect_signed(folder, history)?;
    let store = Directory::new(folder)?;
    for (name, shard) in history.check(&store).await? {
        shard.is_published(&store, name).await?;
    }
    Ok(())
}
