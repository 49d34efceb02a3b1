//! The command `lockdep`. What it does is in `command.rs`, where tests reach it.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut out, mut err) = (BufWriter::new(io::stdout().lock()), io::stderr().lock());
    let done = lockdep_cli::command::run(std::env::args_os(), &mut out, &mut err);
    match done.and_then(|code| out.flush().map(|()| code)) {
        Ok(code) => ExitCode::from(code),
        // The reader has closed the pipe: there is nobody to tell.
        Err(_) => ExitCode::from(lockdep_cli::command::WRONG),
    }
}
