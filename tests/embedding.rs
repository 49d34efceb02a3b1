//! `docs/embedding.md` and `docs/kernels.md`, step by step: their files are written, their commands are run, and what these
//! print is compared. Each page has a kernel of its own.
//!
//! In an expected text `…` stands for anything: within a line for some of it, alone on a line for any number of lines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A block of the page that is for us.
enum Step {
    Write(PathBuf, String),
    Append(PathBuf, String),
    /// A command, and what it prints.
    Run(String, Vec<String>),
}

/// The steps, in order.
fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let text = body.join("\n") + "\n";
        // Where this crate is: no registry has it yet.
        let text = text.replace("../../lockdep", ROOT).replace("../lockdep", ROOT);
        let mut words = info.split_whitespace().skip(1);
        match words.next().and_then(|word| word.split_once('=')) {
            Some(("file", path)) => steps.push(Step::Write(path.into(), text)),
            Some(("append", path)) => steps.push(Step::Append(path.into(), text)),
            Some((word, _)) => panic!("a block says `{word}=`, which nobody knows"),
            None if info == "console" => runs(&body, &mut steps),
            None => {}
        }
    }
    steps
}

/// The commands of a block, each with the lines that follow it.
fn runs(body: &[&str], steps: &mut Vec<Step>) {
    for line in body {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step::Run(command.into(), Vec::new())),
            (None, Some(Step::Run(_, lines))) => lines.push((*line).into()),
            (None, _) => panic!("`{line}` follows no command"),
        }
    }
}

/// Whether a line is as expected.
fn is_like(line: &str, expected: &str) -> bool {
    let (first, rest) = expected.split_once('…').unwrap_or((expected, ""));
    let Some(mut line) = line.strip_prefix(first) else { return false };
    if !expected.contains('…') {
        return line.is_empty();
    }
    let mut parts: Vec<&str> = rest.split('…').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = line.find(part) else { return false };
        line = &line[at + part.len()..];
    }
    line.ends_with(last)
}

/// Compares from the start; returns what is missing.
fn compare(printed: &str, expected: &[String]) -> Result<(), String> {
    let mut lines = printed.lines();
    let mut any = false;
    for wanted in expected {
        if wanted == "…" {
            any = true;
            continue;
        }
        let found = if any {
            lines.any(|line| is_like(line, wanted))
        } else {
            lines.next().is_some_and(|l| is_like(l, wanted))
        };
        if !found {
            return Err(format!("no `{wanted}` where it is expected in:\n{printed}"));
        }
        any = false;
    }
    match lines.next() {
        Some(line) if !any => Err(format!("`{line}` is not expected at the end of:\n{printed}")),
        _ => Ok(()),
    }
}

/// What a command prints, in the kernel's directory.
fn run(command: &str, kernel: &Path) -> String {
    let mut process = match command.strip_prefix("cargo ") {
        Some(arguments) => {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(arguments.split_whitespace()).args(["--quiet", "--offline"]);
            cargo
        }
        None => {
            let mut shell = Command::new("sh");
            shell.args(["-ec", command]);
            shell
        }
    };
    process.current_dir(kernel).env("CARGO_TARGET_DIR", kernel.join("target")).stderr(Stdio::inherit());
    let output = process.output().expect("a command starts");
    assert!(output.status.success(), "`{command}` ended with {}", output.status);
    String::from_utf8(output.stdout).expect("text is printed")
}

#[test]
#[cfg(unix)] // for `sed`
fn each_step_of_the_page_works() {
    follow(include_str!("../docs/embedding.md"), "kernel");
}

#[test]
#[cfg(unix)] // for `sed`, and for the host's `backtrace`
fn each_special_case_works() {
    follow(include_str!("../docs/kernels.md"), "special");
}

/// Runs the steps of the page, in the directory of this name.
fn follow(page: &str, directory: &str) {
    let kernel = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
    for left in ["src", "tests"] {
        let _ = fs::remove_dir_all(kernel.join(left)); // of the last time
    }
    fs::create_dir_all(&kernel).expect("a directory for the kernel");
    fs::copy(Path::new(ROOT).join("Cargo.lock"), kernel.join("Cargo.lock")).expect("the same versions as here");
    let mut commands = 0;
    let mut wrong = Vec::new(); // all of it, since a run takes long
    for step in steps(page) {
        match step {
            Step::Write(path, text) => {
                let path = kernel.join(path);
                fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("a directory");
                fs::write(path, text).expect("a file is written");
            }
            Step::Append(path, text) => {
                let path = kernel.join(path);
                let before = fs::read_to_string(&path).expect("what is appended to is there");
                fs::write(path, before + &text).expect("a file is written");
            }
            Step::Run(command, expected) => {
                commands += 1;
                let printed = run(&command, &kernel);
                if let Err(error) = compare(&printed, &expected) {
                    wrong.push(format!("`$ {command}`, number {commands}: {error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(commands > 6, "only {commands} commands were found on the page");
}

#[test]
fn what_is_printed_is_compared_strictly_but_for_dots() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let printed = "a 1\nb\nc 23 d\n";
    for good in ["a 1\nb\nc 23 d", "a …\n…\nc … d", "…\nb\n…", "a 1\n…"] {
        assert_eq!(compare(printed, &lines(good)), Ok(()), "{good}");
    }
    for bad in ["a 1\nb", "a 1\nc 23 d", "b\n…", "a 1\n…\nb", "…\nc … e", "", "a 1\nb\nc 23 d\ne"] {
        assert!(compare(printed, &lines(bad)).is_err(), "{bad}");
    }
}
