//! Writes a file with one `Site::caller()` a line, so that a `Site` can stand for a line of a trace.
//!
//! A `Site` wraps a `&'static Location`, which only the compiler makes. So the compiler makes enough of them, here; what
//! they say of path and line is turned into the trace's own when a report is printed (`src/sites.rs`).

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// How many lines of one trace can be told apart; those after them share the last site.
const LINES: usize = 2048;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut text = format!("static SITES: [Site; {LINES}] = [\n");
    for _ in 0..LINES {
        writeln!(text, "Site::caller(),").expect("a String takes all that is written");
    }
    text.push_str("];\n");
    let dir = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for a build script");
    fs::write(Path::new(&dir).join("sites.rs"), text).expect("OUT_DIR can be written to");
}
