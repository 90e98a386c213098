//! The command `bund`; as `kubectl-bund` on the path it is `kubectl bund`.

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

use bund::{command::Bund, report::visible};
use clap::Parser;

fn main() -> ExitCode {
    match Bund::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // Where nobody listens, the exit code still tells.
            writeln!(stderr(), "bund: {}", visible(&format!("{error:#}"))).unwrap_or_default();
            ExitCode::from(2)
        }
    }
}
