//! The process itself, under the names that every exporter uses.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads what the kernel counts, when metrics are read.
#[derive(Debug)]
pub(super) struct Process {
    started: Timestamp,
}

impl Default for Process {
    fn default() -> Self {
        Self { started: Timestamp::now() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let started = ConstGauge::new(self.started.as_second());
        let help = "When this process started, in seconds since 1970";
        started.encode(encoder.encode_descriptor(
            "process_start_time_seconds",
            help,
            None,
            MetricType::Gauge,
        )?)?;
        let Some(Usage { resident, cpu }) = usage() else { return Ok(()) };
        let help = "Resident memory in bytes";
        ConstGauge::new(resident).encode(encoder.encode_descriptor(
            "process_resident_memory_bytes",
            help,
            None,
            MetricType::Gauge,
        )?)?;
        let help = "User and system CPU time in seconds";
        ConstCounter::new(cpu).encode(encoder.encode_descriptor(
            "process_cpu_seconds",
            help,
            None,
            MetricType::Counter,
        )?)
    }
}

struct Usage {
    resident: u64,
    cpu: f64,
}

#[cfg(target_os = "linux")]
fn usage() -> Option<Usage> {
    let stat = procfs::process::Process::myself().ok()?.stat().ok()?;
    let page = procfs::page_size();
    let ticks = u32::try_from(stat.utime + stat.stime).unwrap_or(u32::MAX);
    let per_second = u32::try_from(procfs::ticks_per_second()).ok().filter(|ticks| *ticks > 0)?;
    Some(Usage { resident: stat.rss * page, cpu: f64::from(ticks) / f64::from(per_second) })
}

#[cfg(not(target_os = "linux"))]
fn usage() -> Option<Usage> {
    None
}
