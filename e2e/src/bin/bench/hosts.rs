//! Where a host is: one reading of its text, and one decision, with the shipped patterns.

use std::{hint::black_box, time::Instant};

use anyhow::{Context, Result, ensure};
use bund_engine::{address::Host, locate::locate_host};

use crate::{engine, figures::Figures};

const ROUNDS: usize = 500_000;

/// What is asked, and whether it is inside.
const HOSTS: [(&str, &str, bool); 5] = [
    ("an address that nobody lists", "47.52.0.1:443", false),
    ("a private address in a declared network", "10.20.0.5:6789", true),
    ("a bucket of a cloud on the mainland", "customers.oss-cn-hangzhou-internal.aliyuncs.com", true),
    ("a host that nobody lists", "api.partner.example:443", false),
    ("a host in Chinese letters", "备份.s3.cn-north-1.amazonaws.com.cn", true),
];

pub(crate) fn run() -> Result<()> {
    println!("\nEngine: where a host is, from its text (goal: p99 <= 1 us)");
    let mut snapshot = engine::world(1)?;
    let mut location = engine::location();
    let spec =
        location.get_mut("spec").and_then(serde_json::Value::as_object_mut).context("the location's spec")?;
    spec.insert("networks".to_owned(), serde_json::json!(["10.20.0.0/16"]));
    snapshot.observe(&location);
    let mainland = "cn-mainland".parse().context("the jurisdiction")?;
    for (what, host, inside) in HOSTS {
        let locate = || locate_host(Host::of(black_box(host)), &mainland, snapshot.world());
        ensure!(locate().is_inside() == inside, "{host} is {}", locate());
        let mut figures = Figures::default();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            black_box(locate());
            figures.add(started.elapsed());
        }
        println!("  {what:<40}  {}", figures.line());
    }
    Ok(())
}
