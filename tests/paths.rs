//! What the same sources say of their lines in two directories: the same, by the compiler's own paths.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const PROGRAM: &str = r#"
#![allow(dead_code)]
#[path = "SITE"]
mod site;
fn main() {
    let here = site::Site::caller();
    println!("{here} {:x}", here.hash());
}
"#;

/// Compiles the program at an absolute path, as cargo does with a dependency from outside of the workspace, and runs it.
fn run_at(directory: &Path) -> String {
    let source = directory.join("src/main.rs");
    fs::create_dir_all(directory.join("src")).expect("the directory can be made");
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lock/site.rs");
    fs::write(&source, PROGRAM.replace("SITE", &site.display().to_string())).expect("it can be written to");
    let program = directory.join("program");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(rustc).args(["--edition=2024", "-o"]).arg(&program).arg(&source).output();
    let compiled = compiled.expect("there is a compiler");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let said = Command::new(program).output().expect("it runs");
    String::from_utf8(said.stdout).expect("it says text")
}

#[test]
fn a_site_is_the_same_in_every_checkout() {
    let base: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("paths");
    let said = ["one/driver", "another/deeper/driver", "a/src/driver", "other-driver"].map(|at| run_at(&base.join(at)));
    assert!(said[0].starts_with("driver/src/main.rs:6:16 "), "{said:?}");
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0], said[2]);
    assert_ne!(said[0], said[3], "the directory of the crate counts: another crate may have the same line");
}
