//! The trace on the page of the package is one that the tool agrees with.

use lockdep_cli::command::{AGREE, run};
use std::ffi::OsString;
use std::fs;

const README: &str = include_str!("../README.md");

#[test]
fn the_trace_of_the_readme_agrees() {
    let (_, rest) = README.split_once("```text\n").expect("a block");
    let (trace, _) = rest.split_once("```").expect("its end");
    let file = std::env::temp_dir().join(format!("lockdep-readme-{}.trace", std::process::id()));
    fs::write(&file, trace).expect("the trace can be written");
    let arguments = ["lockdep", "replay"].map(OsString::from).into_iter().chain([file.clone().into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(arguments, &mut out, &mut err);
    fs::remove_file(&file).expect("it was written");
    let said = (String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"));
    assert_eq!((code.expect("it can print"), said), (AGREE, ("AGREE 1 of 1\n".to_owned(), String::new())));
}
