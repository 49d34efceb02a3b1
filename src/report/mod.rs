//! A report: a finding with everything that a reader needs, as plain data.
//!
//! Nothing here is text; the views are in `text/` and `defmt`. A report is written in place, in a slot that its owner
//! provides, since kernel stacks are small. A path or a list that does not fit is cut, with the number of missing
//! entries.
//!
//! Invariant: a report contains copies, so that printing it later accesses no table.

pub(crate) mod blame;
pub(crate) mod capacity;
pub(crate) mod config;
mod context_view;
#[cfg(feature = "defmt")]
mod defmt;
pub(crate) mod fingerprint;
pub(crate) mod hang;
pub(crate) mod kind;
pub(crate) mod message;
pub(crate) mod policy;
pub(crate) mod status;
pub(crate) mod text;

pub use crate::context::{Flags, HOLDS, Toggles};
pub use crate::lock::usage::UsageState;
pub use capacity::{Fill, MemoryFootprint, Notice, Occupancy, Table};
pub use hang::{Activity, End, Hang, Link, Party};
pub use policy::{By, FindingId, Place};
pub use status::{State, Status};

use crate::context::Context;
use crate::context::hold::Hold;
use crate::graph::classes::{Classes, UsageWords};
use crate::graph::dependencies::{Dependencies, Dependency};
use crate::lock::class::{Origin, Subclass};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::Usage;
use crate::lock::wait_type::WaitTypes;
use crate::report::config::PortConfig;
use crate::report::kind::Kind;
use core::fmt;
use heapless::Vec;

pub use crate::graph::direction::Kinds;

pub use crate::lock::last_holder::Overheld;

/// How many dependencies of a path fit.
pub const PATH: usize = 12;

/// How many return addresses fit, the innermost first.
pub const TRACE: usize = 16;

/// The name of a task, as a copy of up to 16 bytes. Linux's `comm`.
///
/// ```
/// use lockdep::report::TaskName;
/// const IDLE: TaskName = TaskName::new("idle");
/// assert_eq!(IDLE.as_str(), "idle");
/// assert_eq!(TaskName::from(b"from C\0 and more".as_slice()).as_str(), "from C");
/// assert_eq!(TaskName::new("a name that is too long").to_string(), "a name that is t");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskName([u8; TaskName::ROOM]);

impl TaskName {
    /// How many bytes fit.
    pub const ROOM: usize = 16;

    /// The name, cut to what fits.
    pub const fn new(name: &str) -> TaskName {
        TaskName::of_bytes(name.as_bytes())
    }

    /// The name up to the end of the bytes or the first zero, cut to what fits.
    pub const fn of_bytes(name: &[u8]) -> TaskName {
        let mut bytes = [0; TaskName::ROOM];
        let mut i = 0;
        while i < TaskName::ROOM && i < name.len() && name[i] != 0 {
            bytes[i] = name[i];
            i += 1;
        }
        TaskName(bytes)
    }

    /// The name as text. A character that was cut in the middle is left out.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(TaskName::ROOM);
        let name = self.0.get(..end).unwrap_or_default();
        match core::str::from_utf8(name) {
            Ok(name) => name,
            Err(error) => {
                name.get(..error.valid_up_to()).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or_default()
            }
        }
    }
}

impl From<&str> for TaskName {
    fn from(name: &str) -> TaskName {
        TaskName::new(name)
    }
}

impl From<&[u8]> for TaskName {
    fn from(name: &[u8]) -> TaskName {
        TaskName::of_bytes(name)
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The running task and its CPU, from the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskInfo {
    /// The task's name.
    pub task: TaskName,
    /// The task's number.
    pub id: u32,
    /// The CPU's number.
    pub cpu: u32,
}

impl TaskInfo {
    /// An unknown task.
    pub const UNKNOWN: TaskInfo = TaskInfo { task: TaskName::new("?"), id: 0, cpu: 0 };
}

/// A class, as a report shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassView {
    /// The name that it was given, if any.
    pub name: Option<&'static str>,
    /// Where its locks are constructed; `None` where the table of classes was full.
    pub site: Option<Site>,
    /// What determines the class. If its locks have no line of their own, `site` is where the first was first acquired.
    pub origin: Origin,
    /// 0 if no other class has this name; otherwise its number among them, from 1 on.
    pub ordinal: u8,
    /// Its subclass.
    pub subclass: Subclass,
    /// Its usage bits at the time of the report.
    pub usage: Usage,
    /// Its wait types.
    pub waits: WaitTypes,
}

/// Without a class or a lock, it is all zeros; so an empty report is, too, and takes no room in the program's image.
/// The compiler stores `None` where most values are unused, and prefers 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
enum Present {
    Yes = 1,
}

/// A lock that is held, acquired, or released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockView {
    present: Present,
    /// Its class.
    pub class: ClassView,
    /// The identity of the lock: its address, not to be followed.
    pub instance: usize,
    /// Where it was acquired.
    pub site: Option<Site>,
    /// How it was waited for, and what it excludes.
    pub mode: Mode,
}

impl LockView {
    /// A hold of which only its context's record is known.
    pub(crate) fn without_class(hold: &Hold) -> LockView {
        let class = ClassView {
            name: None,
            site: None,
            origin: Origin::Line,
            ordinal: 0,
            subclass: Subclass::ZERO,
            usage: Usage::empty(),
            waits: WaitTypes::new(hold.outer(), hold.inner()),
        };
        LockView { present: Present::Yes, class, instance: hold.instance, site: hold.site, mode: hold.mode() }
    }
}

/// A dependency of a path: from one class to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The class that the dependency leads from.
    pub from: ClassView,
    /// The class that it leads to.
    pub to: ClassView,
    /// Its kinds.
    pub kinds: Kinds,
    /// Where the source was acquired when it first occurred.
    pub from_site: Option<Site>,
    /// Where the target was waited for.
    pub to_site: Option<Site>,
    /// Whether it is known which task made it.
    pub is_maker_known: bool,
    /// The number of the task that made it first; 0 if unknown.
    pub task: u32,
    /// The CPU on which it was made first.
    pub cpu: u16,
}

/// A strong path: the dependencies in order, each from the class where the one before ends.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// The dependencies that fit.
    pub steps: Vec<Step, PATH>,
    /// How many are missing: at the beginning, or at the end if `cut_at_end`.
    pub cut: usize,
    /// Whether the end is missing.
    pub cut_at_end: bool,
}

impl Path {
    fn clear(&mut self) {
        self.steps.clear();
        self.cut = 0;
    }
}

/// A conflict of two usage bits, of one class or of the two ends of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageConflict {
    present: Present,
    /// The *used in* bit.
    pub used: Usage,
    /// The class that has it.
    pub used_class: ClassView,
    /// Where the bit was first set.
    pub used_site: Option<Site>,
    /// The *enabled* bit.
    pub enabled: Usage,
    /// The class that has it.
    pub enabled_class: ClassView,
    /// Where the bit was first set.
    pub enabled_site: Option<Site>,
}

/// A release below other holds, which were then checked as if acquired again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reacquired {
    /// Where the lock below them was released. `None` for the drop of a guard, which has no line.
    pub released: Option<Site>,
    /// Where that lock was acquired.
    pub acquired: Option<Site>,
}

/// A finding with all that a reader needs.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was found. `None` only in the empty report.
    pub kind: Option<Kind>,
    /// The id, the same from boot to boot. 0 only in the empty report.
    pub id: FindingId,
    /// The task and CPU. `None` only in the empty report.
    pub who: Option<TaskInfo>,
    /// The flags of the current context.
    pub flags: Flags,
    /// Where the flags last changed.
    pub toggles: Toggles,
    /// Where it happened. `None` if unknown, as in the drop of a guard.
    pub site: Option<Site>,
    /// The lock that was being acquired, released or freed, or whose usage changed.
    pub lock: Option<LockView>,
    /// The hold that it conflicts with, or where the new dependency starts.
    pub held_lock: Option<LockView>,
    /// The conflicting usage bits.
    pub usage: Option<UsageConflict>,
    /// The new one of the two bits.
    pub new_usage: Usage,
    /// For `circular`: from the new lock to the held one. For `irq-order`: from the new lock to the unsafe class. For
    /// `irq-inversion`: between the two classes.
    pub path: Path,
    /// For `irq-order`: from the class used in the state to the held lock.
    pub path_to_held: Path,
    /// The wait-type limit that the lock exceeds.
    pub limit: u8,
    /// The part of the limit that the context itself sets.
    pub context_limit: u8,
    /// The lock was not acquired now; it was checked again, since a lock below it was released.
    pub reacquired: Option<Reacquired>,
    /// How long the lock was held, for `hold-limit`.
    pub overheld: Overheld,
    /// What exactly was wrong, for kinds with several causes.
    pub note: Option<&'static str>,
    /// An earlier finding with the same cause: one change fixes both.
    pub same_cause: Option<FindingId>,
    /// The earlier finding has the full report, so this one is a single line.
    pub is_brief: bool,
    /// The return addresses of the running code, the innermost first, if the port provides them.
    pub trace: Vec<usize, TRACE>,
    /// What the task held, the oldest first.
    pub held: Vec<LockView, HOLDS>,
    /// How many holds are missing from `held`.
    pub held_cut: usize,
    /// The index of the first hold of the present interrupt context.
    run_from: usize,
    /// The contexts of a hang, to which the holds belong then.
    pub(crate) hang: Hang,
}

impl Report {
    /// An empty report, for a slot: all zeros.
    pub const EMPTY: Report = Report {
        kind: None,
        id: FindingId(0),
        who: None,
        flags: Flags { hardirq: false, softirq: false, irqs_on: false, softirqs_on: false },
        toggles: Toggles {
            irqs_on: None,
            irqs_off: None,
            softirqs_on: None,
            softirqs_off: None,
            irqs_on_noticed: false,
            irqs_off_noticed: false,
        },
        site: None,
        lock: None,
        held_lock: None,
        usage: None,
        new_usage: Usage::empty(),
        path: Path { steps: Vec::new(), cut: 0, cut_at_end: false },
        path_to_held: Path { steps: Vec::new(), cut: 0, cut_at_end: false },
        limit: 0,
        context_limit: 0,
        note: None,
        overheld: Overheld::NONE,
        reacquired: None,
        same_cause: None,
        is_brief: false,
        trace: Vec::new(),
        held: Vec::new(),
        held_cut: 0,
        run_from: 0,
        hang: Hang::NONE,
    };

    /// Clears it in place, since it is too large for a kernel's stack.
    fn clear(&mut self) {
        (self.site, self.lock, self.held_lock, self.usage, self.note) = (None, None, None, None, None);
        (self.new_usage, self.limit, self.overheld) = (Usage::empty(), 0, Overheld::NONE);
        (self.same_cause, self.is_brief) = (None, false);
        self.path.clear();
        self.path_to_held.clear();
        self.trace.clear();
        self.held.clear();
        self.hang.clear();
    }

    /// The kind of the finding.
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Assertion)
    }

    /// The task and CPU, or that they are unknown.
    pub fn who(&self) -> TaskInfo {
        self.who.unwrap_or(TaskInfo::UNKNOWN)
    }

    /// Sets the lock that is acquired, and the hold that conflicts with it.
    pub(crate) fn locks(&mut self, held: &Hold, new: &Hold, lookup: Lookup<'_>) {
        self.lock = Some(lookup.lock(new));
        self.held_lock = Some(lookup.lock(held));
    }

    /// Begins a report of an event in `context`, whose holds it copies.
    pub(crate) fn begin(&mut self, kind: Kind, config: &PortConfig, context: &Context, lookup: Lookup<'_>) {
        self.clear();
        self.kind = Some(kind);
        self.who = Some((config.who)());
        self.trace_with(config.backtrace);
        self.flags = context.flags();
        self.toggles = context.toggles();
        self.context_limit = context.limit();
        // If they do not fit, the oldest are left out.
        let oldest = context.all().count().saturating_sub(HOLDS);
        self.held_cut = oldest;
        self.held_cut += context.outwards().map(|context| context.lost() as usize).sum::<usize>();
        for hold in context.all().skip(oldest) {
            if self.held.push(lookup.lock(&hold)).is_err() {
                self.held_cut += 1;
            }
        }
        self.run_from = self.held.len().saturating_sub(context.run().count());
    }

    /// What is held in the present interrupt context, the oldest first.
    pub(crate) fn run(&self) -> &[LockView] {
        self.held.get(self.run_from..).unwrap_or_default()
    }
}

impl Report {
    /// Asks the port for the return addresses. The number that it returns is cut to what fits.
    fn trace_with(&mut self, backtrace: fn(&mut [usize]) -> usize) {
        if self.trace.resize_default(TRACE).is_ok() {
            let known = backtrace(&mut self.trace);
            self.trace.truncate(known);
        }
    }
}

impl UsageConflict {
    /// The *used in* bit of one class against the *enabled* bit of another, or of the same.
    pub(crate) fn new(
        lookup: Lookup<'_>,
        (used, used_slot): (Usage, u16),
        (enabled, enabled_slot): (Usage, u16),
    ) -> UsageConflict {
        UsageConflict {
            present: Present::Yes,
            used,
            used_class: lookup.class(used_slot),
            used_site: lookup.classes.get(used_slot).usage_site(used),
            enabled,
            enabled_class: lookup.class(enabled_slot),
            enabled_site: lookup.classes.get(enabled_slot).usage_site(enabled),
        }
    }
}

/// The tables from which a report copies its classes.
#[derive(Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) classes: &'a Classes,
    pub(crate) dependencies: &'a Dependencies,
    pub(crate) usage_words: &'a UsageWords,
}

impl Lookup<'_> {
    pub(crate) fn class(&self, slot: u16) -> ClassView {
        let class = self.classes.get(slot);
        ClassView {
            name: class.name,
            site: class.site,
            origin: class.origin,
            ordinal: self.classes.ordinal(slot),
            subclass: class.subclass,
            usage: self.usage_words.usage(slot),
            waits: class.waits,
        }
    }

    pub(crate) fn lock(&self, hold: &Hold) -> LockView {
        let mut class = self.class(hold.class);
        class.waits = WaitTypes::new(hold.outer(), hold.inner());
        LockView { present: Present::Yes, class, instance: hold.instance, site: hold.site, mode: hold.mode() }
    }

    /// A lock that is not held: the class may not be in the table, but the lock knows its name.
    pub(crate) fn unheld(&self, map: &LockMap, class: u16, site: Option<Site>) -> LockView {
        let class = ClassView { name: map.name(), site: Some(map.site()), waits: map.waits(), ..self.class(class) };
        LockView { present: Present::Yes, class, instance: map.instance(), site, mode: Mode::WRITE }
    }

    pub(crate) fn step(&self, dependency: &Dependency) -> Step {
        // A CPU number that does not fit is left unknown.
        let maker = self.dependencies.maker(dependency);
        let maker = maker.and_then(|maker| Some((maker.task, u16::try_from(maker.cpu).ok()?)));
        Step {
            from: self.class(dependency.from),
            to: self.class(dependency.to),
            kinds: dependency.kinds,
            from_site: dependency.from_site,
            to_site: dependency.to_site,
            is_maker_known: maker.is_some(),
            task: maker.map_or(0, |(task, _)| task),
            cpu: maker.map_or(0, |(_, cpu)| cpu),
        }
    }

    /// A path whose dependencies come in its order, or with `from_end` from its end to its start. The first ones that
    /// come are kept.
    pub(crate) fn path<'d>(&self, path: &mut Path, way: impl Iterator<Item = &'d Dependency>, from_end: bool) {
        path.clear();
        for dependency in way {
            if path.steps.push(self.step(dependency)).is_err() {
                path.cut += 1;
            }
        }
        if from_end {
            path.steps.reverse();
        }
        path.cut_at_end = !from_end;
    }
}
