//! The command line.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use bund_crds::{NamespaceName, TransferDecision};
use bund_engine::{Reason, Timestamp, request::Rights};
use clap::{Args, Parser, Subcommand};

use crate::{
    cases::{self, Case, Entrance},
    check::{self, Ending, FailOn, Gate, Inputs, JudgedBy, Strictness},
    explain,
    report::{self, Colour, Format, visible},
};

mod cluster;
mod data_flow;
mod decision;
mod geo;
mod ledger;
mod locate;
mod plan;
mod preflight;
mod transfer;
mod why;

use data_flow::ReportArgs;
use decision::{ApproveArgs, CloseArgs};
use geo::GeoArgs;
use ledger::LedgerArgs;
use locate::LocateArgs;
use plan::PlanArgs;
use preflight::{DiscoverArgs, PreflightArgs};
use transfer::TransferArgs;
use why::WhyArgs;

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
    /// Tell what Bund would find and refuse in a cluster, before it is installed there. Only reads.
    Preflight(PreflightArgs),
    /// Find databases, queues, caches and stores that run without a data class. Only reads.
    Discover(DiscoverArgs),
    /// Tell what Bund says of one object, and why: its classes and how it came by them, policies, location, verdict,
    /// and who uses it. Only reads.
    Why(WhyArgs),
    /// Tell where hosts, addresses and networks are, and why. Asks nobody.
    Locate(LocateArgs),
    /// Tell what would be closed, and what would be cut, before it is. Only reads.
    Plan(PlanArgs),
    /// Tell auditors what they ask for. Only reads.
    Report(ReportArgs),
    /// Draft a cross-border transfer from a refusal, or tell how one stands. Only reads.
    Transfer(TransferArgs),
    /// Approve exactly the text of a cross-border transfer that is shown.
    Approve(ApproveArgs),
    /// Reject a cross-border transfer for good.
    Reject(CloseArgs),
    /// Revoke a cross-border transfer for good. It ends at once.
    Revoke(CloseArgs),
    /// Make a ledger, write to it, look after it, and verify it, its exports and its proofs. Needs no cluster.
    Ledger(LedgerArgs),
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
    namespace: Option<NamespaceName>,
    /// The form of the report.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// What makes the check fail.
    #[arg(long, value_enum, default_value = "deny")]
    fail_on: FailOn,
    /// Fail where something was taken for granted.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    geo: GeoArgs,
}

#[derive(Debug, Args)]
struct TestArgs {
    /// The folder of the cases; their worlds are in `worlds` beside it.
    #[arg(default_value = "policies/cases")]
    folder: PathBuf,
}

impl Bund {
    /// Reads the command line. Where that says all there is to say (help, the version, a wrong argument), the exit code.
    pub fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            // Where nobody listens, the exit code still tells.
            error.print().unwrap_or_default();
            // Of a ledger 2 says that it was tampered with.
            let of_ledger = std::env::args_os().nth(1).is_some_and(|command| command == "ledger");
            match error.exit_code() {
                0 => ExitCode::SUCCESS,
                _ if of_ledger => ExitCode::from(1),
                _ => ExitCode::from(2),
            }
        })
    }

    /// Does what the command line says.
    pub fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Check(args) => check(args),
            Command::Preflight(args) => args.run(),
            Command::Discover(args) => args.run(),
            Command::Why(args) => args.run(),
            Command::Locate(args) => args.run(),
            Command::Plan(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Transfer(args) => args.run(),
            Command::Approve(args) => args.run(),
            Command::Reject(args) => args.run(TransferDecision::Rejected),
            Command::Revoke(args) => args.run(TransferDecision::Revoked),
            Command::Ledger(args) => Ok(args.run()),
            Command::Test(args) => test(&args),
            Command::Explain { reason } => explain_reason(reason.as_deref()),
        }
    }
}

fn check(args: CheckArgs) -> Result<ExitCode> {
    let CheckArgs { paths, policies, facts, old, namespace, output, fail_on, strict, geo } = args;
    let all = [&paths, &facts, &old].into_iter().chain(&policies).flatten();
    if all.filter(|path| path.as_os_str() == "-").count() > 1 {
        bail!(
            "`-` is named more than once, and standard input can be read only once; write one of them to a file"
        );
    }
    let mut progress = Progress::new();
    let mut unreadable = Vec::new();
    let mut read = |paths: &[PathBuf]| {
        check::read(paths, &mut unreadable, |done, total| progress.tell("files read", done, total))
    };
    let manifests = read(&paths);
    let policies = policies.as_deref().map(&mut read);
    let (facts, old) = (read(&facts), read(&old));
    let namespace = namespace.map(String::from);
    let rights = Rights::default();
    let now = now()?;
    let geography = geo.read(now)?;
    let inputs = Inputs { manifests, policies, facts, old, namespace, unreadable, rights, geography };
    let outcome = check::run(inputs, now, |done, total| {
        // A look at the clock per object would cost more than judging it.
        if done % 256 == 0 {
            progress.tell("objects judged", done, total);
        }
    });
    progress.end();
    let strictness = if strict { Strictness::NoAssumptions } else { Strictness::Assume };
    let gate = Gate { fail_on, strictness };
    report::write(&outcome, gate, output, colour(), &mut stdout().lock())?;
    if outcome.checked.is_empty() && outcome.unreadable.is_empty() {
        bail!("no document was found; name files or folders that hold manifests");
    }
    if outcome.judged_by == JudgedBy::Nothing {
        bail!(
            "--policies names no ResidencyPolicy, so nothing was asked of the manifests; add one, or leave --policies out for the built-in starter policy"
        );
    }
    Ok(match outcome.ending(gate) {
        Ending::Clean => ExitCode::SUCCESS,
        Ending::Violations => ExitCode::from(1),
        Ending::Unreadable => ExitCode::from(2),
    })
}

/// Colour goes to a terminal that takes it, unless the user wants none (<https://no-color.org>).
fn colour() -> Colour {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if stdout().is_terminal() && !unwanted && !dumb { Colour::Terminal } else { Colour::Plain }
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

    fn tell(&mut self, what: &str, done: usize, total: usize) {
        if !self.terminal || self.started.elapsed() < Self::PATIENCE {
            return;
        }
        if self.told.is_none_or(|told| told.elapsed() >= Self::INTERVAL) {
            self.told = Some(Instant::now());
            // A terminal that takes no progress still gets the report.
            write!(stderr(), "\r\x1b[K{done} of {total} {what}").unwrap_or_default();
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
    let mut told = String::new();
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
            writeln!(told, "FAILED {} ({entrance:?})", visible(&case.name))?;
            for difference in differences {
                writeln!(told, "    {}", visible(&difference))?;
            }
        }
    }
    writeln!(told, "{passed} passed, {failed} failed, {skipped} skipped")?;
    report::put(&told, &mut stdout().lock())?;
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
    report::put(&text, &mut stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}
