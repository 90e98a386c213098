//! The command `bund`; as `kubectl-bund` on the path it is `kubectl bund`.

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

use bund::{command::Bund, report::visible};

fn main() -> ExitCode {
    let bund = match Bund::read() {
        Ok(bund) => bund,
        Err(code) => return code,
    };
    match bund.run() {
        Ok(code) => code,
        Err(error) => {
            // Where nobody listens, the exit code still tells.
            writeln!(stderr(), "bund: {}", visible(&format!("{error:#}"))).unwrap_or_default();
            ExitCode::from(2)
        }
    }
}
