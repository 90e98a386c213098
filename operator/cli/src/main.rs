//! The command `bund`; as `kubectl-bund` on the path it is `kubectl bund`.

use std::process::ExitCode;

use bund::command::Bund;
use clap::Parser;

fn main() -> ExitCode {
    match Bund::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bund: {error:#}");
            ExitCode::from(2)
        }
    }
}
