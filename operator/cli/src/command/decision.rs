//! `bund approve`, `bund reject` and `bund revoke`: from arguments to one person's decision on one exact text.

use std::{
    io::{IsTerminal, Write, stderr, stdin, stdout},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use bund_crds::{Approver, Digest, NamespaceName, TransferApproval, TransferDecision};
use bund_engine::Snapshot;
use clap::{ArgGroup, Args};

use super::{cluster::ClusterArgs, now, preflight::asynchronously};
use crate::{
    inventory::cluster::{Access, Sight, read_transfers},
    report::{put, visible},
    transfer::{
        decision::{Agreement, Consent, Text, approval, verb, would_not_count},
        status::{find, person, render_text, status},
        submit::{Answer, submit, you},
    },
    why::facts,
};

const EXIT_CODES: &str = "Exit codes: 0 the API server took the decision, 1 it did not, or nothing was sent, 2 usage, or the transfer cannot be read.";

/// Which transfer, and whether the decision may be sent.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("source").required(true).args(["context", "in_cluster"])))]
struct DecisionArgs {
    /// The CrossBorderTransfer.
    name: String,
    /// Its namespace; that of the context where it is left out.
    #[arg(short, long)]
    namespace: Option<NamespaceName>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The digest of the text that is decided on. Nothing is sent if the text is another one. It stands for the answer to
    /// the question.
    #[arg(long, value_name = "SHA256")]
    digest: Option<Digest>,
}

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct ApproveArgs {
    #[command(flatten)]
    decision: DecisionArgs,
    /// Why, for whoever reads the record.
    #[arg(long)]
    reason: Option<String>,
    /// Do not ask. Without a terminal name the digest instead.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct CloseArgs {
    #[command(flatten)]
    decision: DecisionArgs,
    /// Why, for whoever reads the record.
    #[arg(long)]
    reason: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl ApproveArgs {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self { decision, reason, yes } = self;
        decision.run(TransferDecision::Approved, reason, yes)
    }
}

impl CloseArgs {
    pub(super) fn run(self, decision: TransferDecision) -> Result<ExitCode> {
        let Self { decision: args, reason, yes } = self;
        args.run(decision, Some(reason), yes)
    }
}

impl DecisionArgs {
    fn run(self, decision: TransferDecision, reason: Option<String>, yes: bool) -> Result<ExitCode> {
        let Self { name, namespace, cluster, digest } = self;
        let Some(access) = cluster.access() else { bail!("name a cluster: --context, or --in-cluster") };
        let terminal = stdin().is_terminal() && stdout().is_terminal();
        let consent = Consent { digest: digest.as_ref(), yes, terminal };
        let namespace = namespace.as_ref().map(NamespaceName::as_str);
        asynchronously(decide(&access, &name, namespace, decision, reason, consent))?
    }
}

/// Shows the text, asks, and sends. What is sent is bound to the text that was shown.
async fn decide(
    access: &Access,
    name: &str,
    namespace: Option<&str>,
    decision: TransferDecision,
    reason: Option<String>,
    consent: Consent<'_>,
) -> Result<ExitCode> {
    let Sight { client, inventory, namespace, transfer } =
        read_transfers(access, Some(name), namespace).await?;
    let known = facts(&inventory);
    let facts = find(&known, &namespace, name)?;
    let text = transfer.as_ref().and_then(|transfer| Text::of(&namespace, transfer));
    let text = text.context("the transfer has no uid, so nobody can decide on it")?;
    let approval = approval(facts, &text, decision, reason).context("the transfer has no uid")?;
    let about_you = about_you(&you(&client).await, &approval, &known.snapshot);
    let status = render_text(&status(&inventory, &known, facts, now()?));
    let sheet = format!("{}\n\n{status}{about_you}", text.shown);
    put(&sheet, &mut stdout().lock())?;
    match consent.to(decision, &text) {
        Agreement::Given => {}
        Agreement::Ask if agrees(decision)? => {}
        Agreement::Ask => return not_sent("nothing was sent"),
        Agreement::OtherText => {
            return not_sent("this text has another digest than the one you named; nothing was sent");
        }
        Agreement::Wanting => {
            bail!("nobody can be asked here; read the text above and name it: --digest {}", text.digest)
        }
    }
    answered(submit(client, &approval).await?, decision)
}

/// Who asks, and whether their decision would count as far as can be seen from here.
fn about_you(you: &kube::Result<Approver>, approval: &TransferApproval, snapshot: &Snapshot) -> String {
    let told = match you {
        Ok(you) => {
            let refusal = would_not_count(approval, you, snapshot);
            let refusal = refusal.map(|refusal| format!("; your decision would not count: {}", refusal.why));
            format!("{}{}", person(you), refusal.unwrap_or_default())
        }
        Err(error) => format!("not known: {error}"),
    };
    format!("{:<11}{}\n", "you", visible(&told))
}

/// Asks on a terminal. Only a whole `yes` is one.
fn agrees(decision: TransferDecision) -> Result<bool> {
    write!(stderr(), "\nDo you {} exactly this text? Write yes: ", verb(decision))?;
    stderr().flush()?;
    let mut line = String::new();
    stdin().read_line(&mut line).context("the answer cannot be read")?;
    Ok(line.trim() == "yes")
}

fn not_sent(why: &str) -> Result<ExitCode> {
    writeln!(stderr(), "bund: {why}")?;
    Ok(ExitCode::from(1))
}

fn answered(answer: Answer, decision: TransferDecision) -> Result<ExitCode> {
    let taken = match answer {
        Answer::Refused(why) => return not_sent(&format!("the API server refused: {}", visible(&why))),
        Answer::Taken(taken) => taken,
    };
    let name = taken.metadata.name.unwrap_or_default();
    let Some(approver) = &taken.spec.approver else {
        return not_sent(&format!(
            "TransferApproval {name} was made, but nobody was stamped as its approver, so it does not count; see whether Bund's webhook runs"
        ));
    };
    let told = format!("\n{decision:?} as TransferApproval {name} by {}\n", visible(&person(approver)));
    put(&told, &mut stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}
