//! What a process uses, by its id.

use std::fmt;

use anyhow::Result;

/// What a process had used at one moment; nothing where there is no process.
pub(super) struct Usage {
    pid: Option<u32>,
    cpu: f64,
}

/// What a process used for some requests, its idle work in between included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    /// CPU seconds, user and system, per 1,000 requests.
    pub(super) cpu_per_1000: f64,
    /// Resident memory at the end, in bytes.
    pub(super) resident: f64,
}

impl Usage {
    pub(super) fn of(pid: Option<u32>) -> Result<Self> {
        let cpu = pid.map(now).transpose()?.map_or(0.0, |(cpu, _)| cpu);
        Ok(Self { pid, cpu })
    }

    /// What it used since, for this many requests.
    pub(super) fn since(&self, requests: u32) -> Result<Option<Used>> {
        let Some((cpu, resident)) = self.pid.map(now).transpose()? else { return Ok(None) };
        Ok(Some(Used { cpu_per_1000: (cpu - self.cpu) * 1000.0 / f64::from(requests.max(1)), resident }))
    }
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s/1000, {:.0} MB", self.cpu_per_1000, self.resident / 1e6)
    }
}

/// CPU seconds and resident bytes.
#[cfg(target_os = "linux")]
#[expect(clippy::cast_precision_loss, reason = "seconds and bytes of one process")]
fn now(pid: u32) -> Result<(f64, f64)> {
    let stat = procfs::process::Process::new(i32::try_from(pid)?)?.stat()?;
    let cpu = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
    Ok((cpu, (stat.rss * procfs::page_size()) as f64))
}

#[cfg(not(target_os = "linux"))]
fn now(_: u32) -> Result<(f64, f64)> {
    anyhow::bail!("what a process uses is read from /proc, which only Linux has")
}
