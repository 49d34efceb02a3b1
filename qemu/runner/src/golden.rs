//! The golden texts of the live scenarios: `tests/golden/boot/NAME.txt`, one for all boards and numbers of CPUs.
//!
//! A report is normalised and then compared to the letter. `--bless` writes what was seen instead; but of several runs
//! only the first one writes, and the others are compared with it, so that a report that differs from board to board
//! is not blessed by accident.

use crate::normalise::normalise;
use crate::process::root;
use similar::TextDiff;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The directory of the golden texts, and what was blessed by this program.
pub(crate) struct Goldens {
    directory: PathBuf,
    bless: bool,
    blessed: BTreeSet<String>,
}

impl Goldens {
    pub(crate) fn new(bless: bool) -> Self {
        Self::in_directory(root().join("tests/golden/boot"), bless)
    }

    fn in_directory(directory: PathBuf, bless: bool) -> Self {
        Self { directory, bless, blessed: BTreeSet::new() }
    }

    /// Compares the report of a scenario with its golden text, or writes it. `sound` is whether the run was otherwise
    /// green: what a broken run says is never blessed. The error tells the person what to do.
    pub(crate) fn check(&mut self, name: &str, report: &str, sound: bool) -> Result<(), String> {
        let report = normalise(report);
        let path = self.directory.join(format!("{name}.txt"));
        let shown = path.strip_prefix(root()).unwrap_or(&path).display();
        if self.bless && sound && self.blessed.insert(name.to_owned()) {
            fs::create_dir_all(&self.directory).map_err(|error| format!("cannot make {shown}'s folder: {error}"))?;
            fs::write(&path, &report).map_err(|error| format!("cannot write {shown}: {error}"))?;
            println!("blessed {shown}");
        }
        let accept = format!("to accept it: cargo xtask boot --scenario {name} --bless");
        match fs::read_to_string(&path) {
            Ok(golden) if golden == report => Ok(()),
            Ok(golden) => {
                let diff = TextDiff::from_lines(&golden, &report);
                let diff = diff.unified_diff().context_radius(3).header("golden", "this run").to_string();
                Err(format!("the report is not {shown}; {accept}\n{diff}"))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(format!("there is no {shown} yet; {accept}\n{report}"))
            }
            Err(error) => Err(format!("cannot read {shown}: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own for a test, gone at its end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("lockdep-golden-{name}-{}", std::process::id())))
        }

        fn goldens(&self, bless: bool) -> Goldens {
            Goldens::in_directory(self.0.clone(), bless)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn without_a_golden_text_a_report_fails_and_says_how_to_accept_it() {
        let scratch = Scratch::new("none");
        let error = scratch.goldens(false).check("abba", "text", true).expect_err("there is none");
        assert!(error.contains("abba.txt") && error.contains("--scenario abba --bless"), "{error}");
    }

    #[test]
    fn what_was_blessed_is_accepted_and_only_that() {
        let scratch = Scratch::new("blessed");
        assert_eq!(scratch.goldens(true).check("abba", "lock at 0x1234\ntake A\n", true), Ok(()));
        assert_eq!(scratch.goldens(false).check("abba", "lock at 0xabcd\ntake A\n", true), Ok(()));
        let error = scratch.goldens(false).check("abba", "lock at 0x1234\ntake B\n", true).expect_err("not the same");
        assert!(error.contains("-take A\n+take B\n") && error.contains("--bless"), "{error}");
    }

    #[test]
    fn the_second_run_of_a_blessing_is_compared_with_the_first() {
        let scratch = Scratch::new("twice");
        let mut goldens = scratch.goldens(true);
        assert_eq!(goldens.check("irq", "on one board", true), Ok(()));
        assert!(goldens.check("irq", "on another", true).is_err());
        assert_eq!(scratch.goldens(true).check("irq", "on another", true), Ok(()));
    }

    #[test]
    fn a_broken_run_is_not_blessed() {
        let scratch = Scratch::new("broken");
        assert!(scratch.goldens(true).check("irq", "half of a rep", false).is_err());
        assert!(!scratch.0.exists());
    }
}
