//! The command line.

use std::{
    io::{IsTerminal, Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use bund_engine::{Reason, Timestamp};
use clap::{Args, Parser, Subcommand};

use crate::{
    cases::{self, Case, Entrance},
    check::{self, Ending, FailOn, Inputs, Strictness},
    explain,
    report::{self, Colour, Format},
};

/// Keeps the data of users in mainland China inside the mainland: checks manifests with the engine that judges
/// in the cluster.
#[derive(Debug, Parser)]
#[command(
    name = "bund",
    version,
    after_help = "Exit codes: 0 clean, 1 violations, 2 usage or unreadable input."
)]
pub struct Bund {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge manifests: files, folders, or `-` for standard input.
    Check(CheckArgs),
    /// Run cases: folders with an object and the decision that is expected.
    Test(TestArgs),
    /// Tell what a reason means and what to do; without a reason, list all.
    Explain {
        /// The reason's code, such as `PlacementUnconfined`.
        reason: Option<String>,
    },
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Files and folders with YAML or JSON; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Policies that judge instead of the built-in starter policy. Jurisdictions and data classes are built in.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    policies: Option<Vec<PathBuf>>,
    /// Objects that are known and not judged: Nodes, Namespaces, Secrets … as `kubectl get -o yaml` prints them.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    facts: Vec<PathBuf>,
    /// Objects as they are today. A manifest whose object is among them is judged as an update.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    old: Vec<PathBuf>,
    /// The namespace of objects that name none.
    #[arg(short, long)]
    namespace: Option<String>,
    /// The form of the report.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// What makes the check fail.
    #[arg(long, value_enum, default_value = "deny")]
    fail_on: FailOn,
    /// Fail where something was taken for granted.
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Args)]
struct TestArgs {
    /// The folder of the cases; their worlds are in `worlds` beside it.
    #[arg(default_value = "policies/cases")]
    folder: PathBuf,
}

impl Bund {
    /// Does what the command line says.
    pub fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Check(args) => check(args),
            Command::Test(args) => test(&args),
            Command::Explain { reason } => explain_reason(reason.as_deref()),
        }
    }
}

fn check(args: CheckArgs) -> Result<ExitCode> {
    let CheckArgs { paths, policies, facts, old, namespace, output, fail_on, strict } = args;
    let mut unreadable = Vec::new();
    let inputs = Inputs {
        manifests: check::read(&paths, &mut unreadable),
        policies: policies.map(|paths| check::read(&paths, &mut unreadable)),
        facts: check::read(&facts, &mut unreadable),
        old: check::read(&old, &mut unreadable),
        namespace,
        unreadable,
    };
    let mut progress = Progress::new();
    let outcome = check::run(inputs, now()?, |done, total| progress.tell(done, total));
    progress.end();
    let colour = if stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        Colour::Terminal
    } else {
        Colour::Plain
    };
    report::write(&outcome, output, colour, &mut stdout().lock())?;
    if outcome.checked.is_empty() && outcome.unreadable.is_empty() {
        bail!("no document was found; name files or folders that hold manifests");
    }
    let strictness = if strict { Strictness::NoAssumptions } else { Strictness::Assume };
    Ok(match outcome.ending(fail_on, strictness) {
        Ending::Clean => ExitCode::SUCCESS,
        Ending::Violations => ExitCode::from(1),
        Ending::Unreadable => ExitCode::from(2),
    })
}

fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    let seconds = i64::try_from(since.as_secs()).context("the clock is out of range")?;
    Timestamp::from_second(seconds).context("the clock is out of range")
}

/// Tells on a terminal how far a long run is.
struct Progress {
    started: Instant,
    told: Option<Instant>,
    terminal: bool,
}

impl Progress {
    const PATIENCE: Duration = Duration::from_secs(2);
    const INTERVAL: Duration = Duration::from_millis(200);

    fn new() -> Self {
        Self { started: Instant::now(), told: None, terminal: stderr().is_terminal() }
    }

    fn tell(&mut self, done: usize, total: usize) {
        // A look at the clock per document would cost more than judging it.
        if !self.terminal || done % 256 != 0 || self.started.elapsed() < Self::PATIENCE {
            return;
        }
        if self.told.is_none_or(|told| told.elapsed() >= Self::INTERVAL) {
            self.told = Some(Instant::now());
            // A terminal that takes no progress still gets the report.
            write!(stderr(), "\r{done} of {total} objects judged").unwrap_or_default();
        }
    }

    fn end(&self) {
        if self.told.is_some() {
            write!(stderr(), "\r\x1b[K").unwrap_or_default();
        }
    }
}

fn test(args: &TestArgs) -> Result<ExitCode> {
    let cases = cases::load(&args.folder).context("the cases cannot be run")?;
    let now = now()?;
    let (mut passed, mut failed, mut skipped) = (0_u32, 0_u32, 0_u32);
    let mut output = stdout().lock();
    for case in &cases {
        for entrance in [Entrance::Engine, Entrance::Cli] {
            if case.barred(entrance).is_some() {
                skipped += 1;
                continue;
            }
            let differences = differences(case, entrance, now);
            if differences.is_empty() {
                passed += 1;
                continue;
            }
            failed += 1;
            writeln!(output, "FAILED {} ({entrance:?})", case.name)?;
            for difference in differences {
                writeln!(output, "    {difference}")?;
            }
        }
    }
    writeln!(output, "{passed} passed, {failed} failed, {skipped} skipped")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What differs from what a case expects, at one entrance.
fn differences(case: &Case, entrance: Entrance, now: Timestamp) -> Vec<String> {
    let (_, unreadable) = case.snapshot();
    if let Some(error) = unreadable.first() {
        return vec![error.to_string()];
    }
    let decision = match entrance {
        Entrance::Engine => Some(case.through_engine(now)),
        Entrance::Cli => case.through_cli(now),
        Entrance::Apiserver => None,
    };
    match decision {
        Some(decision) => case.sheet.expect.differences(&decision),
        None => vec!["nothing was judged".to_owned()],
    }
}

fn explain_reason(code: Option<&str>) -> Result<ExitCode> {
    let text = match code {
        None => explain::list(),
        Some(code) => match Reason::of_code(code) {
            Some(reason) => explain::explain(reason),
            None => bail!("`{code}` is not a reason; `bund explain` lists them"),
        },
    };
    stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
