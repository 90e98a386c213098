//! `bund check` beside `kyverno apply` on the same files with the same rule: classified workloads name a region.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bund::manifest;
use bund_e2e::{repository, shop, tools};
use serde_json::{Value, json};
use tokio::process::Command;

const ROUNDS: usize = 5;
/// How often every workload of the corpus is written, each time under another name.
const COPIES: usize = 300;

pub(crate) async fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let documents = write_corpus(folder.path())?;
    println!(
        "\nbund check: {documents} Deployments made of the corpus, each classified (goal: >= 10,000 documents/s per core)"
    );
    let programs = repository::programs().await?;
    let bund = vec![
        programs.join("bund").display().to_string(),
        "check".into(),
        "--output=json".into(),
        folder.path().join("manifests").display().to_string(),
    ];
    let kyverno = match tools::bin_directories(&["kyverno"]).await {
        Ok(folders) => folders.first().map(|bin| {
            vec![
                bin.join("kubectl-kyverno").display().to_string(),
                "apply".into(),
                folder.path().join("policy.yaml").display().to_string(),
                "--resource".into(),
                folder.path().join("manifests").display().to_string(),
            ]
        }),
        Err(error) => {
            println!("  SKIPPED beside kyverno: it cannot be built here ({error:#})");
            None
        }
    };
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let ours = time(&bund).await?;
        let line = format!(
            "  round {round}: bund {:.3} s ({:.0} documents/s)",
            ours.as_secs_f64(),
            rate(documents, ours)
        );
        match &kyverno {
            Some(kyverno) => {
                let theirs = time(kyverno).await?;
                let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
                ratios.push(ratio);
                println!("{line}, kyverno {:.3} s, ratio {ratio:.1}", theirs.as_secs_f64());
            }
            None => println!("{line}"),
        }
    }
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ratios.len() / 2) {
        println!("  median ratio kyverno / bund: {median:.1} (goal: >= 20)");
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn rate(documents: usize, took: Duration) -> f64 {
    documents as f64 / took.as_secs_f64()
}

/// Runs a command once; what it answers is not judged here.
async fn time(command: &[String]) -> Result<Duration> {
    let (program, arguments) = command.split_first().context("an empty command")?;
    let started = Instant::now();
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .with_context(|| format!("{program} cannot be started"))?;
    Ok(started.elapsed())
}

/// Writes Deployments made of the shop's, and Kyverno's form of the rule. Returns how many.
fn write_corpus(folder: &Path) -> Result<usize> {
    let manifests: PathBuf = folder.join("manifests");
    fs::create_dir(&manifests)?;
    let deployments: Vec<Value> = shop::Shop::open()?
        .objects
        .into_iter()
        .filter(|object| object.get("kind") == Some(&json!("Deployment")))
        .collect();
    let mut written = 0;
    for copy in 0..COPIES {
        let mut text = String::new();
        for deployment in &deployments {
            let mut deployment = deployment.clone();
            if let Some(name) = deployment.pointer_mut("/metadata/name") {
                *name = json!(format!("{}-{copy}", name.as_str().unwrap_or_default()));
            }
            if let Some(labels) =
                deployment.pointer_mut("/spec/template/metadata/labels").and_then(Value::as_object_mut)
            {
                labels.insert("data-class.bund.dev/personal-information".to_owned(), json!(""));
            }
            text.push_str("---\n");
            text.push_str(&serde_saphyr::to_string(&deployment)?);
            written += 1;
        }
        fs::write(manifests.join(format!("{copy}.yaml")), text)?;
    }
    let sources = manifest::files(std::slice::from_ref(&manifests));
    anyhow::ensure!(sources.len() == COPIES, "the corpus was not written");
    fs::write(folder.join("policy.yaml"), KYVERNO_POLICY)?;
    Ok(written)
}

/// The rule as Kyverno says it: a Deployment whose pods hold the class names a region in `nodeSelector`.
const KYVERNO_POLICY: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: mainland-residency
spec:
  validationFailureAction: Enforce
  background: false
  rules:
    - name: region
      match:
        any:
          - resources:
              kinds: [Deployment]
      preconditions:
        all:
          - key: '{{ request.object.spec.template.metadata.labels."data-class.bund.dev/personal-information" || `"-"` }}'
            operator: NotEquals
            value: "-"
      validate:
        message: name a mainland region in nodeSelector
        pattern:
          spec:
            template:
              spec:
                nodeSelector:
                  topology.kubernetes.io/region: "cn-hangzhou | cn-beijing | cn-shanghai | cn-shenzhen"
"#;
