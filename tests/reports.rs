//! The text of every kind of report, golden: what people read, read once more whenever it changes.
//!
//! `golden/reports.trace` has a trace for each text; the kinds that no trace can reach are made by the events themselves.
//! Sites are lines of that file, locks and tasks the numbers they have in their trace, so nothing depends on the machine.
//! `BLESS=1 cargo test --test reports` writes the texts again: look at the difference before it goes in.

use lockdep::__private::{Claim, Validator, rewrite};
use lockdep::{Acquire, Context, Kind, LockMap, Mode, Report, TaskInfo, WaitTypes};
use lockdep_cli::replay::{How, Outcome, Replayer};
use lockdep_cli::sites;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

const FILE: &str = "reports.trace";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// All texts, by the names of their files.
fn texts() -> BTreeMap<String, String> {
    let bytes = fs::read(golden().join(FILE)).expect("tests/golden/reports.trace is there");
    let traces = lockdep_cli::parse::parse_bytes(&bytes).unwrap_or_else(|wrong| panic!("{FILE}:{wrong}"));
    let mut replayer = Replayer::<64, 256, 256>::new(How::AS_IN_A_KERNEL);
    let mut texts = of_claims();
    for trace in &traces {
        let (outcome, text) = replayer.report(trace, FILE);
        let expect = trace.expect.expect("a trace of a report says what is expected");
        assert!(matches!(&outcome, Outcome::Verdict(got) if expect.allows(got)), "{}: {outcome:?}", trace.name);
        assert!(trace.name.starts_with(expect.name()), "{}: a report of another kind", trace.name);
        texts.insert(trace.name.clone(), text.unwrap_or_default());
    }
    texts
}

/// The kinds that the language of traces does not know.
fn of_claims() -> BTreeMap<String, String> {
    let line = sites::of_line;
    let lock = LockMap::of_class("table", line(0), WaitTypes::SLEEP);
    let held = LockMap::of_class("list", line(1), WaitTypes::SPIN);
    let context: &'static Context = Box::leak(Box::default());
    let mut texts = BTreeMap::new();
    for (kind, note) in [
        (Kind::Assertion, None),
        (Kind::Rcu, Some("a protected pointer is read outside a read section")),
        (
            Kind::IrqsState,
            Some("the machine's interrupts are enabled, and the validator was told that they are disabled"),
        ),
        (Kind::WwMisuse, Some("a mutex of another class than its context")),
    ] {
        let mut validator = Validator::<8, 8, 8>::new();
        context.reset();
        validator.acquire(context, &Acquire::new(&held, Mode::WRITE, line(2)));
        match note {
            None => validator.engine().claim(context, Claim::Held, &lock, line(3)),
            Some(note) => validator.engine().wrong(context, kind, note, Some(&lock), Some(line(3))),
        }
        let mut report = validator.report().expect("it is found").clone();
        assert_eq!(report.kind(), kind);
        rewrite::set_who(&mut report, TaskInfo { task: "T".into(), id: 1, cpu: 0 });
        number(&mut report, &[&lock, &held]);
        texts.insert(kind.verdict().into(), sites::in_trace(&report.to_string(), "source.rs", 1));
        // The lengths are measured with the feature `stat` alone: `tests/stat` has a text with them.
        rewrite::set_kind(&mut report, Kind::HoldLimit);
        let text = sites::in_trace(&report.to_string(), "source.rs", 1);
        texts.insert(Kind::HoldLimit.verdict().into(), text);
    }
    texts
}

/// Puts the number of a lock for its address.
fn number(report: &mut Report, locks: &[&LockMap]) {
    rewrite::for_each_lock(report, |view| {
        let index = locks.iter().position(|lock| lock.instance() == view.instance);
        view.instance = index.map_or(view.instance, |index| index + 1);
    });
}

#[test]
fn reports_read_as_their_golden_texts() {
    let bless = env::var_os("BLESS").is_some_and(|value| value == "1");
    let (dir, mut differ) = (golden().join("reports"), Vec::new());
    for (name, text) in texts() {
        let path = dir.join(format!("{name}.txt"));
        if bless {
            fs::write(&path, &text).expect("tests/golden/reports can be written to");
        }
        let wanted = fs::read_to_string(&path).unwrap_or_default();
        if text != wanted {
            differ.push(format!("{}: {}", path.display(), difference(&wanted, &text)));
        }
    }
    assert!(differ.is_empty(), "{}\nBLESS=1 writes them again", differ.join("\n"));
}

/// The first line that differs.
fn difference(wanted: &str, text: &str) -> String {
    let (mut wanted, mut lines) = (wanted.lines(), text.lines());
    for number in 1.. {
        match (wanted.next(), lines.next()) {
            (None, None) => break,
            (wanted, line) if wanted == line => {}
            (wanted, line) => {
                let show = |line: Option<&str>| line.map_or("(nothing)".into(), |line| format!("{line:?}"));
                return format!("line {number} is {}, the golden text has {}", show(line), show(wanted));
            }
        }
    }
    "the ends of their lines".into()
}

#[test]
fn every_kind_has_a_text_and_every_text_a_trace() {
    let texts = texts();
    // The texts of hangs are in golden/hang: src/watch/tell/tests.rs makes them.
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_hang()) {
        assert!(texts.contains_key(kind.verdict()), "no text shows {kind:?}");
    }
    let files = fs::read_dir(golden().join("reports")).expect("tests/golden/reports is there");
    let files: BTreeSet<String> =
        files.map(|file| file.expect("the directory can be read").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(files, texts.keys().map(|name| format!("{name}.txt")).collect(), "files without a text, or the reverse");
}

/// The last line of what a trace finds, which is at some line of some file, with lines counted from the trace's first.
fn id_of(trace: &str, lines_before: usize, file: &str) -> String {
    let text = format!("{}{trace}", "# nothing\n".repeat(lines_before));
    let traces = lockdep_cli::parse::parse_bytes(text.as_bytes()).unwrap_or_else(|wrong| panic!("{wrong}"));
    let (_, report) = Replayer::<64, 256, 256>::new(How::AS_IN_A_KERNEL).report(&traces[0], file);
    let report = report.expect("it is found");
    let (_, id) = report.rsplit_once("\nfinding ").expect("the last line is the id");
    id[..18].into()
}

#[test]
fn the_id_of_a_trace_is_made_of_its_names_and_its_own_lines() {
    let trace = "trace t\nacquire a\nacquire b\nrelease b\nrelease a\nacquire b\nacquire a\n";
    let id = id_of(trace, 0, "one.trace");
    assert_ne!(id, "0x0000000000000000");
    assert_eq!(id, id_of(trace, 7, "other/two.trace"), "wherever it is");
    assert_ne!(id, id_of(&trace.replace('b', "c"), 0, "one.trace"), "other classes");
    assert_ne!(id, id_of(&trace.replace("release b\n", "release b\n\n"), 0, "one.trace"), "another line");
}

#[test]
fn no_text_shows_an_address_or_a_path_of_the_machine() {
    for (name, text) in texts() {
        let machine = ["/tmp", "sites.rs", "target", "/home", "00007"].iter().find(|part| text.contains(**part));
        assert_eq!(machine, None, "{name}:\n{text}");
    }
}
