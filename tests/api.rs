//! The public interface, with all features, as a file: `docs/api.txt`, a line for each item that a user can name. A change
//! of the interface is a change of that file, and shows in review.
//!
//! `BLESS=1 cargo test --all-features --test api` writes it again. What the file must keep to, blessed or not, is in
//! [`RULES`]: that is `docs/design.md`'s part on the public face, as far as a listing can show it.
//!
//! The listing is made of rustdoc's JSON, whose format has a number; the crate that reads it knows one of them. So there is
//! no harness here: a rustdoc of another format is a test that was ignored, with the reason, and not one that passed.

use public_api::Builder;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

const NAME: &str = "the_public_interface_is_as_listed";

/// The format of rustdoc's JSON that `public-api` reads.
const FORMAT: u32 = 57;

/// How many modules and names a user finds at the root, hidden ones aside. There are reasons to raise them, and all go
/// through here.
const ROOT: (usize, usize) = (16, 27);

/// What no line may contain, and why.
const RULES: [(&str, &str); 7] = [
    ("heapless", "how a list is stored is not the user's affair: return a slice"),
    ("Option<core::option::Option", "two kinds of nothing: make it an enum"),
    ("lockdep::lock::", "a type that a user cannot name: export it, or return another"),
    ("lockdep::context::", "a type that a user cannot name: export it, or return another"),
    ("lockdep::graph::", "a type that a user cannot name: export it, or return another"),
    ("lockdep::engine::", "a type that a user cannot name: export it, or return another"),
    ("lockdep::runtime::", "a type that a user cannot name: export it, or return another"),
];

/// The functions with a site: those that a lock's implementation calls for its user. All others go by `#[track_caller]`.
const WITH_SITE: [&str; 8] = [
    "hooks::acquire(",
    "hooks::release(",
    "hooks::wait_asleep(",
    "hooks::wait_asleep_timed(",
    "hooks::report_misuse(",
    "Acquire<'a>::new(",
    "LockMap::of_class(",
    "Token<'_>::",
];

/// What became of the test.
enum Outcome {
    Passed,
    Failed(String),
    Ignored(String),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("{NAME}: test");
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    if filter.is_some_and(|filter| !NAME.contains(filter.as_str())) {
        println!("\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.00s\n");
        return ExitCode::SUCCESS;
    }
    println!("\nrunning 1 test");
    let (word, counts, code) = match check() {
        Outcome::Passed => ("ok".into(), "ok. 1 passed; 0 failed; 0 ignored", ExitCode::SUCCESS),
        Outcome::Ignored(why) => (format!("ignored, {why}"), "ok. 0 passed; 0 failed; 1 ignored", ExitCode::SUCCESS),
        Outcome::Failed(why) => {
            println!("{why}");
            ("FAILED".into(), "FAILED. 0 passed; 1 failed; 0 ignored", ExitCode::FAILURE)
        }
    };
    println!("test {NAME} ... {word}\n\ntest result: {counts}; 0 measured; 0 filtered out; finished in 0.00s\n");
    code
}

fn check() -> Outcome {
    let json = match rustdoc() {
        Ok(json) => json,
        Err(outcome) => return outcome,
    };
    let listing = listing(&json);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.txt");
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &listing).expect("docs/api.txt can be written");
    }
    let listed = fs::read_to_string(&path).unwrap_or_default();
    let wrong = [differences(&listed, &listing), broken_rules(&listing), root(&listing)].concat();
    if wrong.is_empty() { Outcome::Passed } else { Outcome::Failed(wrong.join("\n")) }
}

/// Has rustdoc describe the crate, in a target folder of its own, since the flag to allow it rebuilds everything.
fn rustdoc() -> Result<PathBuf, Outcome> {
    let rustdoc = env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    if Command::new(&rustdoc).arg("--version").output().is_err() {
        return Err(Outcome::Ignored(format!("there is no {}", rustdoc.display())));
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["rustdoc", "--quiet", "--package", "lockdep", "--lib", "--all-features", "--target-dir"]).arg(&target);
    cargo.args(["--", "-Zunstable-options", "--output-format", "json"]);
    cargo.env("RUSTC_BOOTSTRAP", "1").current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().expect("cargo starts");
    if !output.status.success() {
        return Err(Outcome::Failed(format!("{cargo:?}:\n{}", String::from_utf8_lossy(&output.stderr))));
    }
    let json = target.join("doc/lockdep.json");
    let format = format_of(&fs::read_to_string(&json).expect("rustdoc writes its JSON"));
    if format != Some(FORMAT) {
        let why = format!("rustdoc's JSON is of format {format:?}, and public-api reads {FORMAT}");
        return Err(Outcome::Ignored(why));
    }
    Ok(json)
}

/// The number of the format, which ends the file.
fn format_of(json: &str) -> Option<u32> {
    let (_, rest) = json.rsplit_once("\"format_version\":")?;
    rest.trim_end().trim_end_matches('}').trim().parse().ok()
}

/// A line for each item. What the compiler derives or implements by itself is left out (`tests/auto_traits.rs` has `Send`
/// and `Sync`), as are the pages of `docs/`.
fn listing(json: &Path) -> String {
    let builder = Builder::from_rustdoc_json(json).sorted(true);
    let builder = builder.omit_blanket_impls(true).omit_auto_trait_impls(true).omit_auto_derived_impls(true);
    let api = builder.build().expect("rustdoc's JSON is read");
    let lines = api.items().map(|item| format!("{item}\n"));
    lines.filter(|line| !line.contains("lockdep::_documentation")).collect()
}

/// The lines that one has and the other has not.
fn differences(listed: &str, listing: &str) -> Vec<String> {
    let only = |one: &str, other: &str, sign: &str| -> Vec<String> {
        let others: std::collections::HashSet<&str> = other.lines().collect();
        one.lines().filter(|line| !others.contains(line)).map(|line| format!("{sign} {line}")).collect()
    };
    let mut wrong = [only(listed, listing, "-"), only(listing, listed, "+")].concat();
    if !wrong.is_empty() || listed != listing {
        wrong.push("docs/api.txt is not the public interface: BLESS=1 writes it again. Look at the difference.".into());
    }
    wrong
}

fn broken_rules(listing: &str) -> Vec<String> {
    let broken =
        |line: &str| RULES.iter().find(|(part, _)| line.contains(part)).map(|(_, why)| format!("{line}\n  {why}"));
    let mut wrong: Vec<String> = listing.lines().filter_map(broken).collect();
    for line in listing.lines().filter(|line| line.starts_with("pub") && line.contains("fn lockdep::")) {
        let (arguments, _) = line.split_once(" -> ").unwrap_or((line, ""));
        let name = arguments.replacen("fn lockdep::", "", 1);
        let takes_site = arguments.split_once('(').is_some_and(|(_, rest)| rest.contains("lockdep::Site"));
        if takes_site && !name.contains("_at(") && !WITH_SITE.iter().any(|known| name.contains(known)) {
            wrong.push(format!("{line}\n  a site: use `#[track_caller]`, and name what is passed one `..._at`"));
        }
    }
    for line in listing.lines() {
        // `pub lockdep::report::Step::cpu: u16` is a field, `pub fn lockdep::report::Step::cpu(&self)` a method.
        let Some((field, _)) = line.strip_prefix("pub lockdep::").and_then(|rest| rest.split_once(": ")) else {
            continue;
        };
        if listing.contains(&format!("fn lockdep::{field}(")) {
            wrong.push(format!("{line}\n  a field and a method of one name"));
        }
    }
    wrong
}

/// The modules and the names at the root, which are what a user reads first.
fn root(listing: &str) -> Vec<String> {
    let name = |line: &str, word: &str| {
        let (_, rest) = line.split_once(&format!("{word} lockdep::"))?;
        let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next()?;
        (!name.contains("::")).then(|| name.trim_end_matches(':').to_string())
    };
    let of = |words: &[&str]| -> Vec<String> {
        let lines = listing.lines().filter(|line| !line.starts_with("impl"));
        lines.filter_map(|line| words.iter().find_map(|word| name(line, word))).collect()
    };
    let (modules, names) = (of(&["pub mod"]), of(&["struct", "enum", "trait", "macro", "pub use"]));
    let found = (modules.len(), names.len());
    match found == ROOT {
        true => Vec::new(),
        false => vec![format!("at the root are {found:?} modules and names, not {ROOT:?}: {modules:?} {names:?}")],
    }
}
