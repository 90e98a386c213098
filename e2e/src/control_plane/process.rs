//! A child process that cannot outlive us.
//!
//! The program runs under a small `sh` that holds one end of a pipe from us. When the pipe closes, because we
//! stopped it, dropped it, panicked or were killed without a chance to do anything, the shell kills the
//! program.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, anyhow};

use super::ports::{self, PortTaken};

/// Runs `"$@"` until it ends or our end of the pipe closes; its process id goes to `$0.pid`. The guard is a process
/// of its own and holds the pipe too, so killing the shell alone does not free the program. A line in the pipe names
/// a signal to pass on.
///
/// SIGKILL, because all state is thrown away, and because nobody should wait for a graceful end.
const SUPERVISE: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
echo "$program" >"$0.pid"
{ while read -r signal; do kill -"$signal" "$program"; done; kill -KILL "$program"; } <&3 2>/dev/null &
guard=$!
exec 3<&-
wait "$program"
status=$?
kill -KILL "$guard" 2>/dev/null
exit "$status"
"#;

/// What to run.
#[derive(Debug)]
pub(crate) struct CommandLine {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Where it listens. If it ends and one of these is taken, the port was the reason.
    pub(crate) ports: Vec<u16>,
}

/// A program that runs, ran, or runs again, with one log file for all its lives.
#[derive(Debug)]
pub(crate) struct Process {
    command: CommandLine,
    directory: PathBuf,
    log: PathBuf,
    /// The shell, if we did not stop it. Its standard input is the pipe.
    shell: Mutex<Option<Child>>,
}

impl Process {
    /// Starts the program in `directory`, logging to `<name>.log` there.
    pub(crate) fn spawn(command: CommandLine, directory: &Path) -> anyhow::Result<Self> {
        let log = directory.join(format!("{}.log", command.name));
        let process = Self { command, directory: directory.to_owned(), log, shell: Mutex::new(None) };
        process.start()?;
        Ok(process)
    }

    /// Starts the program again after [`Process::kill`]. Does nothing while it runs.
    pub(crate) fn start(&self) -> anyhow::Result<()> {
        let mut shell = self.shell();
        if shell.is_none() {
            *shell = Some(self.launch().with_context(|| format!("cannot start {}", self.command.name))?);
        }
        Ok(())
    }

    fn launch(&self) -> anyhow::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        // Nothing of the caller's environment: a proxy setting would send webhook calls elsewhere.
        let child = std::process::Command::new("/bin/sh")
            .args(["-c", SUPERVISE, self.command.name])
            .arg(&self.command.program)
            .args(&self.command.arguments)
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", &self.directory)
            .current_dir(&self.directory)
            .process_group(0) // Ctrl-C is for us: the children go when we go.
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(child)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.command.name
    }

    /// The id of the program's process, not of the shell around it.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        let file = self.directory.join(format!("{}.pid", self.command.name));
        let text = std::fs::read_to_string(&file).with_context(|| format!("no {}", file.display()))?;
        Ok(text.trim().parse()?)
    }

    /// An error until the program listens.
    pub(crate) fn check_listening(&self) -> anyhow::Result<()> {
        for port in &self.command.ports {
            TcpStream::connect((Ipv4Addr::LOCALHOST, *port))?;
        }
        Ok(())
    }

    /// Kills the program and waits until it is gone. Does nothing if it does not run.
    pub(crate) fn kill(&self) {
        if let Some(mut shell) = self.shell().take() {
            drop(shell.stdin.take());
            // The shell ends right after the program. There is nothing to do about a failure to wait.
            drop(shell.wait());
        }
    }

    /// Asks the program to end, as a kubelet does, and waits until it has. Does nothing if it does not run.
    pub(crate) fn terminate(&self) -> anyhow::Result<()> {
        // In a statement of its own, so that nobody who asks after the program waits for its end.
        let shell = self.shell().take();
        if let Some(mut shell) = shell {
            // Held until the end: to close it is to kill the program, and to wait closes what is left in its place.
            let mut pipe = shell.stdin.take();
            if let Some(pipe) = &mut pipe {
                pipe.write_all(b"TERM\n")?;
            }
            shell.wait()?;
        }
        Ok(())
    }

    /// An error that shows the end of the log if the program ended without being told to.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let Some(status) = self.exit_status()? else { return Ok(()) };
        let error = anyhow!("{} ended ({status}). {}", self.command.name, self.log_tail());
        match self.command.ports.iter().find(|port| !ports::is_free(**port)) {
            Some(port) => Err(error.context(PortTaken(*port))),
            None => Err(error),
        }
    }

    fn exit_status(&self) -> anyhow::Result<Option<ExitStatus>> {
        match self.shell().as_mut() {
            Some(shell) => Ok(shell.try_wait()?),
            None => Ok(None),
        }
    }

    /// The last lines of the log and where the rest is.
    pub(crate) fn log_tail(&self) -> String {
        let path = self.log.display();
        match tail(&self.log) {
            Ok(tail) if tail.is_empty() => format!("{path} is empty"),
            Ok(tail) => format!("{path} ends with:\n{tail}"),
            Err(error) => format!("{path} cannot be read: {error}"),
        }
    }

    fn shell(&self) -> MutexGuard<'_, Option<Child>> {
        self.shell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last 20 lines of the last 16 KiB, the beginning of each.
fn tail(log: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(16 * 1024)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    let lines: Vec<String> = end.lines().map(|line| line.chars().take(400).collect()).collect();
    let skipped = lines.len().saturating_sub(20);
    Ok(lines.into_iter().skip(skipped).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn spawn(directory: &Path, script: &str, ports: Vec<u16>) -> Process {
        let arguments = vec!["-c".into(), script.into()];
        let command = CommandLine { name: "program", program: "/bin/sh".into(), arguments, ports };
        Process::spawn(command, directory).unwrap()
    }

    fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
        for _ in 0..1000 {
            if let Some(answer) = ask() {
                return answer;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("not seen in 10 s");
    }

    #[test]
    fn a_program_that_ends_is_reported_with_the_end_of_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let process = spawn(directory.path(), "echo no such flag >&2; exit 3", vec![]);
        let error = format!("{:#}", until(|| process.check().err()));
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.contains("no such flag"), "{error}");
    }

    #[test]
    fn the_id_is_the_programs() {
        let directory = tempfile::tempdir().unwrap();
        let process = spawn(directory.path(), "echo pid $$; while :; do sleep 0.01; done", vec![]);
        until(|| process.log_tail().contains("pid").then_some(()));
        assert!(process.log_tail().ends_with(&format!("pid {}", process.pid().unwrap())));
    }

    #[test]
    fn a_program_that_is_asked_to_end_can_say_goodbye() {
        let directory = tempfile::tempdir().unwrap();
        let process = spawn(
            directory.path(),
            "trap 'echo goodbye; exit 0' TERM; echo up; while :; do sleep 0.01; done",
            vec![],
        );
        until(|| process.log_tail().contains("up").then_some(()));
        process.terminate().unwrap();
        assert!(process.log_tail().contains("goodbye"), "{}", process.log_tail());
    }

    #[test]
    fn a_program_that_ends_because_another_has_its_port_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let process = spawn(directory.path(), "exit 1", vec![other.local_addr().unwrap().port()]);
        let error = until(|| process.check().err()).context("while starting");
        assert!(error.is::<PortTaken>(), "{error:#}");
    }

    #[test]
    fn killing_reaches_the_program_and_not_only_the_shell() {
        let directory = tempfile::tempdir().unwrap();
        let process = spawn(directory.path(), "echo $$; trap '' TERM; while :; do sleep 1; done", vec![]);
        let proc_of = || {
            let log = std::fs::read_to_string(&process.log).ok()?;
            Some(Path::new("/proc").join(log.lines().next()?))
        };
        let program = until(proc_of);
        assert!(program.exists());
        process.check().unwrap();
        process.kill();
        assert!(!program.exists());
        process.check().unwrap();
    }
}
