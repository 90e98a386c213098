//! A steady load of dry-run creates by `oha`.

use std::{fs, path::PathBuf, process::Stdio, str::FromStr};

use anyhow::{Context, Result, ensure};
use bund_e2e::control_plane::{ControlPlane, User};
use serde_json::Value;
use tokio::process::Command;

/// Seconds before each measurement in which the same load is sent and not measured.
const WARM_UP: u32 = 3;
const CONNECTIONS: &str = "16";

/// How long is measured.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) seconds: u32,
}

impl Pace {
    /// 10 seconds for each figure, or what `BUND_BENCH_SECONDS` says.
    pub(super) fn asked() -> Result<Self> {
        let asked = std::env::var("BUND_BENCH_SECONDS").ok();
        let seconds = asked.map_or(Ok(10), |text| u32::from_str(&text)).context("BUND_BENCH_SECONDS")?;
        Ok(Self { seconds })
    }
}

/// What is sent, and by which program.
pub(super) struct Load {
    oha: PathBuf,
    url: String,
    token: String,
    ca: PathBuf,
    body: PathBuf,
    pace: Pace,
}

/// How a load was answered; latencies in milliseconds, from when each request was due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    pub(super) count: u32,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Load {
    /// Creates of `pod` by the administrator. `OHA` names the program, as `make bench` does.
    pub(super) fn of(plane: &ControlPlane, pod: &Value, pace: Pace) -> Result<Self> {
        let kubeconfig: Value = serde_json::from_str(&fs::read_to_string(plane.kubeconfig(User::ADMIN)?)?)?;
        let token = kubeconfig.pointer("/users/0/user/token").and_then(Value::as_str);
        let body = plane.directory().join("pod.json");
        fs::write(&body, pod.to_string())?;
        Ok(Self {
            oha: std::env::var_os("OHA").unwrap_or_else(|| "oha".into()).into(),
            url: format!("{}/api/v1/namespaces/shop/pods?dryRun=All", plane.server()),
            token: token.context("the administrator has no token")?.to_owned(),
            ca: plane.ca().to_owned(),
            body,
            pace,
        })
    }

    /// An error if the program is not there or the pod is not admitted.
    pub(super) async fn check(&self) -> Result<()> {
        self.send(10, 1).await.map(drop).context("no load can be sent; `make bench` installs oha")
    }

    /// Sends the load without measuring.
    pub(super) async fn warm_up(&self, rate: u32) -> Result<()> {
        self.send(rate, WARM_UP.min(self.pace.seconds)).await.map(drop)
    }

    /// Sends the load.
    pub(super) async fn run(&self, rate: u32) -> Result<Answered> {
        self.send(rate, self.pace.seconds).await
    }

    async fn send(&self, rate: u32, seconds: u32) -> Result<Answered> {
        let output = Command::new(&self.oha)
            .args(["-m", "POST", "-T", "application/json", "-D"])
            .arg(&self.body)
            .args(["-H", &format!("Authorization: Bearer {}", self.token), "--cacert"])
            .arg(&self.ca)
            .args(["-c", CONNECTIONS, "-q", &rate.to_string(), "-z", &format!("{seconds}s")])
            .args(["--latency-correction", "--wait-ongoing-requests-after-deadline"])
            .args(["--no-tui", "--output-format", "json", &self.url])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("{} cannot be started", self.oha.display()))?;
        ensure!(output.status.success(), "oha: {}", String::from_utf8_lossy(&output.stderr));
        read(&serde_json::from_slice(&output.stdout)?)
    }
}

/// Reads oha's report. Whatever was not created spoils it.
fn read(report: &Value) -> Result<Answered> {
    let created = report.pointer("/statusCodeDistribution/201").and_then(Value::as_u64).unwrap_or_default();
    let kinds =
        report.get("statusCodeDistribution").and_then(Value::as_object).map_or(0, serde_json::Map::len);
    let errors = report.get("errorDistribution").and_then(Value::as_object).map_or(0, serde_json::Map::len);
    ensure!(
        created > 0 && kinds == 1 && errors == 0,
        "not every pod was admitted: {} {}",
        report.get("statusCodeDistribution").unwrap_or(&Value::Null),
        report.get("errorDistribution").unwrap_or(&Value::Null)
    );
    let percentile = |name: &str| {
        let seconds = report.pointer(&format!("/latencyPercentiles/{name}")).and_then(Value::as_f64);
        seconds.map(|seconds| seconds * 1000.0).with_context(|| format!("oha tells no {name}"))
    };
    Ok(Answered { count: u32::try_from(created)?, p50: percentile("p50")?, p99: percentile("p99")? })
}
