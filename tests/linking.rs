//! Programs that are put together wrongly do not build, and are told why: without `port!`, with two versions of the crate,
//! with constants of the port that cannot be.
//!
//! Each test writes a program under `target/tmp` and builds it, as its author would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MANIFEST: &str = include_str!("../Cargo.toml");
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version that the copies have.
const OTHER: &str = "77.8.9";

/// What a library does that locks by the other version.
const LIBRARY: &str = "\
static LOCK: other::spin::Mutex<u32> = other::spin::Mutex::new(0);
pub fn count() -> u32 {
    let mut count = LOCK.lock();
    *count += 1;
    *count
}
";
const PORT: &str = "lockdep::port!(lockdep::host::Host);\n";
const PORT_OF_OTHER: &str = "other::port!(other::host::Host);\n";
const MAIN: &str = "\
static LOCK: lockdep::spin::Mutex<u32> = lockdep::spin::Mutex::new(0);
fn main() {
    *LOCK.lock() += 1;
    assert_eq!(lockdep::hooks::occupancy().classes.used, 1);
}
";
const MAIN_WITH_LIBRARY: &str = "\
static LOCK: lockdep::spin::Mutex<u32> = lockdep::spin::Mutex::new(0);
fn main() {
    *LOCK.lock() += library::count() + library::count();
    assert_eq!(*LOCK.lock(), 3);
    assert_eq!(lockdep::hooks::occupancy().classes.used, 1);
}
";

/// A port with one constant of its own.
const PORT_WITH: &str = "\
use lockdep::{Context, IrqState, Message, Port, TaskInfo};
struct Kernel;
unsafe impl Port for Kernel {
    const CONSTANT
    fn context() -> *const Context { core::ptr::null() }
    unsafe fn set_context(_: *const Context) {}
    fn irqs_enabled() -> bool { true }
    fn irqs_disable() -> IrqState { IrqState(0) }
    fn irqs_restore(_: IrqState) {}
    fn who() -> TaskInfo { TaskInfo::UNKNOWN }
    fn show(_: Message<'_>) {}
}
lockdep::port!(Kernel);
fn main() {}
";
/// Constants that cannot be, and how the compiler's message begins.
const WRONG: [(&str, &str); 13] = [
    ("CLASSES: usize = 0;", "Port::CLASSES must be 1 to 65,533"),
    ("CLASSES: usize = 65_534;", "Port::CLASSES must be 1 to 65,533"),
    ("DEPENDENCIES: usize = 0;", "Port::DEPENDENCIES must be 1 to 65,533"),
    ("DEPENDENCIES: usize = 65_534;", "Port::DEPENDENCIES must be 1 to 65,533"),
    ("CHAINS: usize = 1000;", "Port::CHAINS must be a power of two"),
    ("CHAINS: usize = 0;", "Port::CHAINS must be a power of two"),
    ("VALIDATORS: usize = 0;", "Port::VALIDATORS must be 1 to 256"),
    ("VALIDATORS: usize = 257;", "Port::VALIDATORS must be 1 to 256"),
    ("CPUS: usize = 0;", "Port::CPUS must be at least 1"),
    ("REPORTS: usize = 0;", "Port::REPORTS must be at least 1"),
    ("FINDINGS: usize = 0;", "Port::FINDINGS must be at least 1"),
    ("ACCEPTED: &'static [lockdep::Accepted] = &[lockdep::Accepted::id(1, \"\"); 65];", "too many in Port::ACCEPTED"),
    ("POLICY: lockdep::Policy = lockdep::Policy::HALT.queued();", "Port::POLICY: what halts"),
];

/// The symbol by which a version calls one of its functions.
fn symbol(version: &str, function: &str) -> String {
    format!("__lockdep_{}_{function}__write_lockdep_port_macro", version.replace('.', "_"))
}

/// A directory of its own for a test.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linking").join(name);
    let _ = fs::remove_dir_all(&directory); // of the last time
    fs::create_dir_all(&directory).expect("a directory is made");
    directory
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("a directory is made");
    fs::write(path, text).expect("a file is written");
}

/// Writes a program that depends on this crate and on `dependencies`.
fn program(directory: &Path, dependencies: &str, source: &str) {
    let here = format!("lockdep = {{ path = {ROOT:?}, features = [\"std\"] }}");
    let head = "[package]\nname = \"program\"\nedition = \"2024\"\n[workspace]\n";
    write(&directory.join("Cargo.toml"), &format!("{head}[dependencies]\n{here}\n{dependencies}"));
    write(&directory.join("src/main.rs"), source);
    fs::copy(Path::new(ROOT).join("Cargo.lock"), directory.join("Cargo.lock")).expect("the same versions as here");
}

/// Writes this crate as another version, and a library that locks by it. With `links` as cargo gets it; without as other
/// build systems see it.
fn another_version(directory: &Path, links: bool) {
    let copy = directory.join("other");
    copy_sources(&Path::new(ROOT).join("src"), &copy.join("src"));
    fs::copy(Path::new(ROOT).join("README.md"), copy.join("README.md")).expect("a file is copied");
    let symbols = fs::read_to_string(copy.join("src/symbol.rs")).expect("a file is read");
    write(&copy.join("src/symbol.rs"), &symbols.replace(&VERSION.replace('.', "_"), &OTHER.replace('.', "_")));
    let (_, dependencies) = MANIFEST.split_once("\n[dependencies]\n").expect("there are dependencies");
    let dependencies = dependencies.lines().take_while(|line| !line.is_empty());
    let dependencies: Vec<_> = dependencies.filter(|line| !line.contains("optional = true")).collect();
    let links = if links {
        write(&copy.join("build.rs"), "fn main() {}");
        MANIFEST.lines().find(|line| line.starts_with("links = ")).expect("there is the key `links`")
    } else {
        ""
    };
    let manifest = format!(
        "[package]\nname = \"lockdep\"\nversion = \"{OTHER}\"\nedition = \"2024\"\n{links}\n\
         [features]\ndefault = [\"validate\"]\nvalidate = []\nstd = []\n[dependencies]\n{}\n",
        dependencies.join("\n")
    );
    write(&copy.join("Cargo.toml"), &manifest);
    let on_other = "other = { package = \"lockdep\", path = \"../other\" }";
    let manifest = format!("[package]\nname = \"library\"\nedition = \"2024\"\n[dependencies]\n{on_other}\n");
    write(&directory.join("library/Cargo.toml"), &manifest);
    write(&directory.join("library/src/lib.rs"), LIBRARY);
}

fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory is made");
    for entry in fs::read_dir(from).expect("the sources are listed") {
        let entry = entry.expect("the sources are listed");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match from.is_dir() {
            true => copy_sources(&from, &to),
            false => drop(fs::copy(&from, &to).expect("a source is copied")),
        }
    }
}

const ON_BOTH: &str = "\
library = { path = \"library\" }
other = { package = \"lockdep\", path = \"other\", features = [\"std\"] }
";

fn cargo(directory: &Path, verb: &str) -> Output {
    cargo_with(directory, &[verb, "--offline"])
}

fn cargo_with(directory: &Path, arguments: &[&str]) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).current_dir(directory);
    // All programs share what they have in common.
    cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("linking/target"));
    cargo.output().expect("cargo starts")
}

/// The compiler's output for a program that must not build.
#[track_caller]
fn refused(directory: &Path) -> String {
    let output = cargo(directory, "build");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it builds:\n{text}");
    text
}

#[track_caller]
fn runs(directory: &Path) {
    let output = cargo(directory, "run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_linker_names_the_macro_that_was_forgotten() {
    let directory = directory("forgotten");
    program(&directory, "", MAIN);
    let text = refused(&directory);
    assert!(text.contains(&symbol(VERSION, "acquire")), "{text}");
    program(&directory, "", &format!("{PORT}{MAIN}"));
    runs(&directory);
}

#[test]
fn cargo_refuses_two_versions_in_one_program() {
    let directory = directory("refused");
    another_version(&directory, true);
    program(&directory, ON_BOTH, &format!("{PORT}{PORT_OF_OTHER}{MAIN_WITH_LIBRARY}"));
    let text = refused(&directory);
    assert!(text.contains("`lockdep`") && text.contains("links"), "{text}");
}

#[test]
fn two_versions_never_answer_for_each_other() {
    let directory = directory("both");
    another_version(&directory, false);
    program(&directory, ON_BOTH, &format!("{PORT}{MAIN_WITH_LIBRARY}"));
    let text = refused(&directory);
    assert!(text.contains(&symbol(OTHER, "acquire")), "it names the one without `port!`: {text}");
    assert!(!text.contains(&symbol(VERSION, "acquire")), "the other one has it: {text}");
    program(&directory, ON_BOTH, &format!("{PORT}{PORT_OF_OTHER}{MAIN_WITH_LIBRARY}"));
    runs(&directory);
}

/// The compiler's messages name the constant first. Each at its limit builds.
#[test]
fn a_constant_of_the_port_that_cannot_be_is_named() {
    let directory = directory("constants");
    program(&directory, "", &format!("{PORT}{MAIN}"));
    let write_all = |constants: &[&str]| {
        for (number, constant) in constants.iter().enumerate() {
            let source = PORT_WITH.replace("CONSTANT", constant);
            write(&directory.join(format!("src/bin/wrong{number}.rs")), &source);
        }
    };
    write_all(&WRONG.map(|(constant, _)| constant));
    let check = ["check", "--keep-going", "--offline", "--bins"];
    let text = String::from_utf8_lossy(&cargo_with(&directory, &check).stderr).into_owned();
    let panics = |message: &str| text.matches(&format!("error[E0080]: evaluation panicked: {message}")).count();
    for (constant, message) in WRONG {
        let times = WRONG.iter().filter(|(_, other)| *other == message).count();
        assert_eq!(panics(message), times, "{constant}: {text}");
    }
    assert_eq!(panics(""), WRONG.len(), "one message each: {text}");
    fs::remove_dir_all(directory.join("src/bin")).expect("the wrong ones are removed");
    write_all(&[
        "CLASSES: usize = 65_533;",
        "DEPENDENCIES: usize = 65_533;",
        "CHAINS: usize = 1;",
        "REPORTS: usize = 1;",
    ]);
    let output = cargo_with(&directory, &check);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A symbol without a version would bring the crash back.
#[test]
fn every_symbol_is_named_by_the_macro() {
    for file in ["src/hooks.rs", "src/hooks/off.rs", "src/stat/mod.rs", "src/stat/api.rs"] {
        let text = fs::read_to_string(Path::new(ROOT).join(file)).expect("a source is read");
        let lines: Vec<_> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            assert!(!line.contains("no_mangle"), "{file}:{}: no_mangle; expected export_name", number + 1);
            let declares = line.trim_start().starts_with("safe fn ");
            assert!(!declares || lines[number - 1].contains("__symbol!("), "{file}:{}: no link_name", number + 1);
        }
    }
}
