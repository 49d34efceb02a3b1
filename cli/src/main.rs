//! The command `lockdep`.

use lockdep_cli::replay::{Outcome, Replayer};
use lockdep_cli::trace;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut agree, mut all) = (0, 0);
    let mut replayer = Replayer::default();
    for file in std::env::args().skip(2) {
        let text = std::fs::read_to_string(&file).unwrap();
        let traces = match trace::parse(&text) {
            Ok(traces) => traces,
            Err(e) => {
                println!("{file}:{e}");
                return ExitCode::from(2);
            }
        };
        for trace in &traces {
            all += 1;
            let out = replayer.run(trace);
            let same = match (&out, trace.expect) {
                (Outcome::Verdict(v), Some(e)) => v.kind == e.kind && (e.event.is_none() || v.event == e.event),
                _ => false,
            };
            if same {
                agree += 1;
            } else {
                println!("{file}: {}: expected {:?}, got {:?}", trace.name, trace.expect, out);
            }
        }
    }
    println!("AGREE {agree} of {all}");
    if agree == all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
