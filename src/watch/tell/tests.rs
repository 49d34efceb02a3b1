//! The texts of hangs, golden, from views to text: the incidents as the watchdogs tell them, and each way that a chain ends.
//!
//! `BLESS=1 cargo test --all-features --lib watch` writes `tests/golden/hang/` again: read the difference before it goes in.

use super::*;
use crate::context::hold::{Hold, NO_SLOT};
use crate::context::{Context, Level};
use crate::engine::validator::Validator;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::{Irqs, Usage, UsageMask};
use crate::lock::wait_type::WaitTypes;
use crate::report::hang::Activity;
use crate::watch::tests::{View, context};
use crate::watch::wait_graph::WaitGraph;
use crate::watch::{Doing, Ends, Wait};
use std::path::Path;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{env, format, fs, vec};

const WRITE: Mode = Mode::WRITE;
const READ: Mode = Mode::READ;

/// A context of a story: what others see of it, and what it is called.
struct Actor {
    view: View,
    name: &'static str,
    irqs_off: bool,
}

fn actor(name: &'static str, address: usize, waits_for: Option<(usize, Mode)>, holds: &[(usize, Mode)]) -> Actor {
    Actor { view: context(address, waits_for, holds), name, irqs_off: false }
}

/// A story: the locks by their names, and who does what with them. A lock is its number, from 1 on.
struct Story {
    locks: &'static [&'static str],
    actors: Vec<Actor>,
}

/// Lines: where a lock is taken, and where it is waited for, each for three locks.
#[rustfmt::skip]
fn sites() -> [[Site; 2]; 3] {
    [
        [Site::caller(),
         Site::caller()],
        [Site::caller(),
         Site::caller()],
        [Site::caller(),
         Site::caller()],
    ]
}

impl Story {
    fn views(&self) -> Vec<View> {
        self.actors.iter().map(|actor| actor.view).collect()
    }

    fn who(&self, address: usize) -> TaskInfo {
        let actor = self.actors.iter().find(|actor| actor.view.address == address).expect("it is in the story");
        TaskInfo { task: actor.name.into(), id: address as u32, cpu: (address / 10 % 10) as u32 }
    }

    /// A lock with its mode and one of its lines.
    fn lock(&self, number: usize, mode: Mode, line: usize) -> LockView {
        let (name, site) = (self.locks[number - 1], sites()[number - 1][line]);
        let map = LockMap::of_class(name, site, WaitTypes::SLEEP);
        let flags = Hold::flags(&map, mode, UsageMask::new(Usage::empty(), Irqs::On));
        let mut view = LockView::without_class(&Hold { instance: number, flags, site: Some(site), ..Hold::EMPTY });
        view.class.name = Some(name);
        view
    }

    fn describe(&self, address: usize, holds: &mut dyn FnMut(LockView)) -> Party {
        let actor = self.actors.iter().find(|actor| actor.view.address == address).expect("it is in the story");
        let above = self.actors.iter().any(|other| other.view.interrupted == Some(address));
        let level = if actor.view.interrupted.is_some() { Level::Hardirq } else { Level::Task };
        for (number, held) in actor.view.holds.iter().flatten() {
            holds(self.lock(*number, held.mode, 0));
        }
        let waits_for = actor.view.doing.wait().map(|wait| self.lock(wait.instance, wait.mode, 1));
        let activity = match actor.view.doing {
            Doing::Waiting(_) => Activity::Waiting,
            Doing::Changing => Activity::Changing,
            Doing::Running if above => Activity::Interrupted,
            Doing::Running if actor.irqs_off => Activity::RunningIrqsOff,
            Doing::Running => Activity::Running,
        };
        let who = self.who(address);
        Party { who, level, activity, link: Link::First, waits_for, seconds: 143, held: 0, held_cut: 0 }
    }

    /// The text of the chain from a context on.
    fn hung(&self, kind: Kind, start: usize) -> String {
        let (views, mut report) = (self.views(), Report::EMPTY);
        let (found, who) = (Chain::of(&views, start), |address| self.who(address));
        chain(&mut report, (kind, 143), &views, &found, who, |address, holds| self.describe(address, holds));
        report.to_string()
    }

    /// The report of the deadlock that a context is in.
    fn deadlock(&self, start: usize) -> Report {
        let (views, mut graph, mut report) = (self.views(), WaitGraph::new(), Report::EMPTY);
        let members = graph.deadlock(&views, start);
        assert!(!members.is_empty(), "{start} is in a deadlock");
        let looking = TaskInfo { task: "idle".into(), id: 0, cpu: 3 };
        deadlock(&mut report, looking, members, |address, holds| self.describe(address, holds));
        report
    }
}

/// Incident a: each of two tasks has what the other wants.
fn hugetlbfs() -> Story {
    let (folio, i_mmap_rwsem) = (1, 2);
    Story {
        locks: &["folio", "i_mmap_rwsem"],
        actors: vec![
            actor("syz.5.48", 5749, Some((i_mmap_rwsem, READ)), &[(folio, WRITE)]),
            actor("syz.5.48", 5754, Some((folio, WRITE)), &[(i_mmap_rwsem, WRITE)]),
            actor("khugepaged", 31, Some((folio, WRITE)), &[]),
        ],
    }
}

/// Incident b: an interrupt closes the cycle. Beside it, the interrupted task has taken another lock.
fn spm_resume() -> Story {
    let (spm_lock, resume_reason_lock, notifier) = (1, 2, 3);
    let mut story = Story {
        locks: &["__spm_lock", "resume_reason_lock", "notifier"],
        actors: vec![
            actor("kworker", 101, None, &[(resume_reason_lock, WRITE), (notifier, WRITE)]),
            actor("kworker", 102, Some((spm_lock, WRITE)), &[]),
            actor("system_server", 1132, Some((resume_reason_lock, WRITE)), &[(spm_lock, WRITE)]),
        ],
    };
    story.actors[1].view.interrupted = Some(101);
    story
}

/// Incident c: nobody has the lock.
fn dax_unlock() -> Story {
    Story {
        locks: &["i_mmap_rwsem", "mmap_lock"],
        actors: vec![actor("victim", 21, Some((1, WRITE)), &[(2, READ)]), actor("other", 22, None, &[])],
    }
}

/// Incident d, had it happened: the one in the middle waits behind a writer.
fn gvt_mmap() -> Story {
    let (mmap_sem, struct_mutex, gvt_lock) = (1, 2, 3);
    Story {
        locks: &["mmap_sem", "struct_mutex", "gvt->lock"],
        actors: vec![
            actor("client", 21, Some((struct_mutex, WRITE)), &[(mmap_sem, READ)]),
            actor("qemu", 4514, Some((mmap_sem, READ)), &[(gvt_lock, WRITE), (struct_mutex, WRITE)]),
            actor("writer", 33, Some((mmap_sem, WRITE)), &[]),
        ],
    }
}

/// Incident e: one that runs, and many that wait for it.
fn nfs_writeback() -> Story {
    let (i_rwsem, folio) = (1, 2);
    let mut actors = vec![actor("cat", 448, None, &[(i_rwsem, WRITE), (folio, WRITE)])];
    actors.extend((450..462).map(|number| actor("cat", number, Some((i_rwsem, WRITE)), &[])));
    Story { locks: &["i_rwsem", "folio"], actors }
}

/// Two permits, which two contexts have that wait for a third.
fn knot() -> Story {
    let (permits, list) = (1, 2);
    let mut story = Story {
        locks: &["permits", "list"],
        actors: vec![
            actor("a", 11, Some((permits, WRITE)), &[(list, WRITE)]),
            actor("b", 12, Some((list, WRITE)), &[(permits, WRITE)]),
            actor("c", 13, Some((list, WRITE)), &[(permits, WRITE)]),
        ],
    };
    let wait = story.actors[0].view.doing.wait().expect("it waits");
    story.actors[0].view.doing = Doing::Waiting(Wait { ends: Ends::OneRelease(2), ..wait });
    story
}

fn texts() -> Vec<(&'static str, String)> {
    let mut loops = nfs_writeback();
    loops.actors[0].irqs_off = true;
    vec![
        ("deadlock", hugetlbfs().deadlock(5749).to_string()),
        ("deadlock-over-an-interrupt", spm_resume().deadlock(1132).to_string()),
        ("deadlock-knot", knot().deadlock(11).to_string()),
        ("hung-task", nfs_writeback().hung(Kind::HungTask, 450)),
        ("hung-task-in-a-cycle", hugetlbfs().hung(Kind::HungTask, 31)),
        ("hung-task-behind-a-writer", gvt_mmap().hung(Kind::HungTask, 21)),
        ("hung-task-unheld", dax_unlock().hung(Kind::HungTask, 21)),
        ("hung-task-behind-a-loop", loops.hung(Kind::HungTask, 450)),
        ("hung-task-in-an-interrupt", spm_resume().hung(Kind::HungTask, 102)),
    ]
}

#[test]
fn hangs_read_as_their_golden_texts() {
    let bless = env::var_os("BLESS").is_some_and(|value| value == "1");
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hang");
    for (name, text) in texts() {
        let path = dir.join(format!("{name}.txt"));
        if bless {
            fs::create_dir_all(&dir).and_then(|()| fs::write(&path, &text)).expect("it can be written to");
        }
        assert_eq!(text, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
    }
    let files = fs::read_dir(&dir).expect("tests/golden/hang is there").count();
    assert_eq!(files, texts().len(), "files without a text");
}

#[test]
fn a_deadlock_is_one_finding_from_wherever_it_is_seen() {
    let story = hugetlbfs();
    let [one, other, waiter] = [5749, 5754, 31].map(|start| story.deadlock(start));
    assert_eq!((one.id, one.ends()), (other.id, other.ends()));
    assert_eq!((one.id, one.hang.parties().len()), (waiter.id, 2), "who only waits for them is no part of it");
    assert_ne!(one.id, knot().deadlock(11).id);
}

/// The policy "first" is silent after a finding, which is when a hang must be told. A hang is a finding like others: it
/// is told once, and it does not make the rules silent.
#[test]
fn a_hang_is_told_once_and_also_where_the_rules_are_silent() {
    let (story, context) = (hugetlbfs(), Context::new());
    let mut validator = Validator::<8, 8, 8>::new();
    let hang = |validator: &mut Validator<8, 8, 8>| {
        validator.engine().report(&context, Kind::Deadlock, None, |report, _| *report = story.deadlock(5749));
        validator.engine().findings.ids().len()
    };
    let unbalanced = |validator: &mut Validator<8, 8, 8>, name| {
        let map = LockMap::of_class(name, Site::caller(), WaitTypes::SPIN);
        validator.engine().report_not_held(&context, &map, NO_SLOT, None, "release");
        validator.engine().findings.ids().len()
    };
    assert_eq!([hang(&mut validator), hang(&mut validator)], [1, 1]);
    assert_eq!([unbalanced(&mut validator, "a"), unbalanced(&mut validator, "b")], [2, 2], "then they are silent");
    let mut silent = Validator::<8, 8, 8>::new();
    assert_eq!([unbalanced(&mut silent, "a"), unbalanced(&mut silent, "b"), hang(&mut silent)], [1, 1, 2]);
}

/// The ways that a report names.
fn ways(report: &Report) -> Vec<String> {
    let begins = ["what to do: ", "        or: "];
    let text = report.to_string();
    text.lines().filter_map(|line| begins.iter().find_map(|begin| line.strip_prefix(begin))).map(String::from).collect()
}

/// Each way is followed: the hold that it names is not there, or no interrupt comes where it is.
#[test]
fn each_way_of_the_advice_removes_the_deadlock() {
    for (make, start, count) in [(hugetlbfs as fn() -> Story, 5749, 2), (spm_resume, 1132, 2), (knot, 11, 2)] {
        let ways = ways(&make().deadlock(start));
        assert_eq!(ways.len(), count, "{ways:?}");
        for way in ways {
            let mut story = make();
            let name = way.split('`').nth(1).expect("a way names a lock");
            let lock = story.locks.iter().position(|lock| *lock == name).expect("it is in the story") + 1;
            for actor in &mut story.actors {
                match way.starts_with("release") {
                    true => actor.view.holds.iter_mut().for_each(|hold| *hold = hold.filter(|(held, _)| *held != lock)),
                    false => actor.view.interrupted = None,
                }
            }
            assert!(WaitGraph::new().deadlock(&story.views(), start).is_empty(), "{way}");
        }
    }
}
