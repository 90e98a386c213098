//! Namespaces without a way out, in which a node can be without the machine noticing.
//!
//! The program runs itself again through `unshare`: in new network, mount and process namespaces, as their first process.
//! When that ends, for whatever reason, the kernel kills everything else in there and takes the mounts and interfaces
//! away. Outside are only a temporary directory and cgroups, which are removed after that.

mod cgroups;

use std::{
    fs, io,
    path::Path,
    process::{ExitStatus, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

use self::cgroups::Cgroups;

/// Kernel parameters that a kubelet wants, as it wants them. It is shown these files in their place, because the
/// parameters are the whole machine's.
const KERNEL_PARAMETERS: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// What containerd, runc and the network plugins write to, whatever they are told.
const OWN_FOLDERS: [&str; 3] = ["/run", "/var/lib", "/var/log"];

/// What every sandbox needs, tried in one that ends at once.
const TRIAL: &str = "ip link set lo up && ip link add b0 type bridge && ip link add v0 type veth peer name v1 \
    && mount -t tmpfs tmpfs /run && mount --bind /dev/null /proc/sys/kernel/panic";

/// Options of `unshare`. If `unshare` dies, its child does.
const UNSHARE: [&str; 6] = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/// Why there can be no sandbox on this machine, if that is so.
pub fn missing() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("a real node needs Linux".to_owned());
    }
    if !is_root() {
        return Some("a real node needs root: run this as root, for instance with sudo".to_owned());
    }
    if let Err(error) = Cgroups::create(&format!("{}-trial", own_name())) {
        return Some(format!("a real node needs cgroups that can be written: {error:#}"));
    }
    let output = std::process::Command::new("unshare").args(UNSHARE).args(["sh", "-c", TRIAL]).output();
    match output {
        Err(error) => Some(format!("a real node needs `unshare` (package util-linux): {error}")),
        Ok(output) if !output.status.success() => Some(format!(
            "a real node needs namespaces, bridges, veth pairs and mounts (with `ip` of iproute2 and `mount`), and this was refused: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Ok(_) => None,
    }
}

/// By the effective user id that the kernel tells.
fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    ids.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

/// Of the cgroups; by it a later start finds what an earlier one could not remove.
fn own_name() -> String {
    format!("{}{}", cgroups::PREFIX, std::process::id())
}

/// Runs this program again, inside, with these arguments, the name of its cgroup and a directory of its own after them.
/// Returns how it ended. What it left is removed, except for the directory with the logs when it failed.
pub async fn run(arguments: &[&str]) -> Result<ExitStatus> {
    cgroups::remove_abandoned();
    let cgroups = Cgroups::create(&own_name())?;
    let mut directory = tempfile::Builder::new().prefix("bund-node-").tempdir()?;
    let child = Command::new("unshare")
        .args(UNSHARE)
        .arg(std::env::current_exe()?)
        .args(arguments)
        .arg(cgroups.name())
        .arg(directory.path())
        .env("TMPDIR", directory.path())
        // Closed when we end, however we end; see `end_with_parent`.
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("`unshare` cannot be started")?;
    let ended = until_it_ends_or_we_are_told_to(child).await;
    cgroups.remove().await?;
    let succeeded = ended.as_ref().is_ok_and(ExitStatus::success);
    if !succeeded || std::env::var_os("BUND_E2E_KEEP").is_some() {
        directory.disable_cleanup(true);
        eprintln!("the logs of the node are in {}", directory.path().display());
    }
    ended
}

async fn until_it_ends_or_we_are_told_to(mut child: Child) -> Result<ExitStatus> {
    // Waiting for a child would close its standard input first.
    let _open = child.stdin.take();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        status = child.wait() => return Ok(status?),
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    child.kill().await?;
    Ok(child.wait().await?)
}

/// Inside: ends this process, and with it everything in here, as soon as the process that started it is gone.
pub fn end_with_parent() {
    std::thread::spawn(|| {
        drop(io::copy(&mut io::stdin(), &mut io::sink()));
        std::process::exit(1);
    });
}

/// Inside: puts folders of our own in place of what the programs of a node write to, and shows the kubelet the kernel
/// parameters that it wants.
pub fn furnish(directory: &Path) -> Result<()> {
    ensure!(std::process::id() == 1, "only the first process of a sandbox may do this");
    for folder in OWN_FOLDERS {
        mount(&["-t", "tmpfs", "tmpfs", folder])?;
    }
    let shown = directory.join("sys");
    fs::create_dir_all(&shown)?;
    for (parameter, value) in KERNEL_PARAMETERS {
        let file = shown.join(parameter.replace('/', "."));
        fs::write(&file, format!("{value}\n"))?;
        let real = Path::new("/proc/sys").join(parameter);
        mount(&["--bind", &file.display().to_string(), &real.display().to_string()])?;
    }
    Ok(())
}

fn mount(arguments: &[&str]) -> Result<()> {
    let status =
        std::process::Command::new("mount").args(arguments).status().context("`mount` cannot be started")?;
    ensure!(status.success(), "`mount {}` failed", arguments.join(" "));
    Ok(())
}
