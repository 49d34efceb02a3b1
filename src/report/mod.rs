//! A report: a finding with all that a reader needs, as plain data.
//!
//! Nothing here is text; the views are in `text/` and `defmt`. A report is written in place in a slot that its owner
//! provides, since kernel stacks are small; a path or a list longer than its room is cut, with the count of what is
//! missing. It keeps copies: printing it later touches no table.

pub(crate) mod blame;
pub(crate) mod capacity;
pub(crate) mod config;
#[cfg(feature = "defmt")]
mod defmt;
pub(crate) mod fingerprint;
pub(crate) mod kind;
pub(crate) mod message;
pub(crate) mod policy;
pub(crate) mod status;
pub(crate) mod text;

pub use crate::context::{Flags, HOLDS, Toggles};
pub use crate::lock::usage::UsageState;
pub use capacity::{Fill, MemoryFootprint, Notice, Occupancy, Table};
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

/// How many dependencies of a path are kept.
pub const PATH: usize = 12;

/// How many return addresses are kept, the innermost first.
pub const TRACE: usize = 16;

/// The name of a task, copied: what fits of it into 16 bytes, as in Linux's `comm`.
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
    /// How many bytes of a name are kept.
    pub const ROOM: usize = 16;

    /// The name, as far as it fits.
    pub const fn new(name: &str) -> TaskName {
        TaskName::of_bytes(name.as_bytes())
    }

    /// The name that ends with the bytes, or at the first zero, as far as it fits.
    pub const fn of_bytes(name: &[u8]) -> TaskName {
        let mut bytes = [0; TaskName::ROOM];
        let mut i = 0;
        while i < TaskName::ROOM && i < name.len() && name[i] != 0 {
            bytes[i] = name[i];
            i += 1;
        }
        TaskName(bytes)
    }

    /// The name: as far as it is UTF-8, for it may be cut within a character.
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

/// Who runs, as the port knows it.
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
    /// Where nobody knows.
    pub const UNKNOWN: TaskInfo = TaskInfo { task: TaskName::new("?"), id: 0, cpu: 0 };
}

/// A class, as a report shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassView {
    /// The name that it was given.
    pub name: Option<&'static str>,
    /// Where its locks are constructed; `None` where the table of classes was full.
    pub site: Option<Site>,
    /// What says which class it is. Where its locks have no line of their own, `site` is where the first was first taken.
    pub origin: Origin,
    /// 0 if no other class has this name; else which of them it is, from 1 on.
    pub ordinal: u8,
    /// Its level.
    pub subclass: Subclass,
    /// Its usage at the time of the report.
    pub usage: Usage,
    /// Its wait types.
    pub waits: WaitTypes,
}

/// Makes the absence of what has it all zeros, so that an empty report is, and takes no room in the program's image: the
/// compiler stores `None` where there are most values to spare, and prefers 0.
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
    /// Which lock it is: its address, not to be followed.
    pub instance: usize,
    /// Where it was taken.
    pub site: Option<Site>,
    /// How it was waited for, and is held.
    pub mode: Mode,
}

impl LockView {
    /// A hold of which only is known what its context records.
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

/// A class of a path, and the dependency that leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The class that the dependency leads from.
    pub from: ClassView,
    /// The class that it leads to.
    pub to: ClassView,
    /// Its kinds.
    pub kinds: Kinds,
    /// Where the source was taken when it first occurred.
    pub from_site: Option<Site>,
    /// Where the target was waited for.
    pub to_site: Option<Site>,
    /// Whether it is known who made it.
    pub is_maker_known: bool,
    /// The number of the task that made it first; 0 if nobody knows.
    pub task: u32,
    /// The CPU on which it was made first.
    pub cpu: u16,
}

/// A strong path, in the order of its dependencies: the first leads on from the first class.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// The dependencies, as many as there is room for.
    pub steps: Vec<Step, PATH>,
    /// How many are missing: at the beginning, or with `cut_at_end` at the end.
    pub cut: usize,
    /// At which end.
    pub cut_at_end: bool,
}

impl Path {
    fn clear(&mut self) {
        self.steps.clear();
        self.cut = 0;
    }
}

/// Two usage bits of one class, or of the two ends of a path, that must not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageConflict {
    present: Present,
    /// The *used in* bit.
    pub used: Usage,
    /// The class that has it.
    pub used_class: ClassView,
    /// Where it was first set.
    pub used_site: Option<Site>,
    /// The *enabled* bit.
    pub enabled: Usage,
    /// The class that has it.
    pub enabled_class: ClassView,
    /// Where it was first set.
    pub enabled_site: Option<Site>,
}

/// The release after which the holds above were acquired again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reacquired {
    /// Where the lock below them was released: nothing if by the drop of a guard, which knows no line.
    pub released: Option<Site>,
    /// Where that lock was acquired.
    pub acquired: Option<Site>,
}

/// A finding with all that a reader needs.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was found; `None` in the empty report alone, as `who`.
    pub kind: Option<Kind>,
    /// By what it is known from boot to boot; 0 in the empty report alone.
    pub id: FindingId,
    /// Who ran.
    pub who: Option<TaskInfo>,
    /// The flags of the context that ran.
    pub flags: Flags,
    /// Where they were last changed.
    pub toggles: Toggles,
    /// Where it happened.
    pub site: Option<Site>,
    /// The lock that was being acquired, released or freed, or whose usage changed.
    pub lock: Option<LockView>,
    /// The hold that it conflicts with, or that the new dependency leads from.
    pub held_lock: Option<LockView>,
    /// What of the usage conflicts.
    pub usage: Option<UsageConflict>,
    /// Which of the two bits is new.
    pub new_usage: Usage,
    /// For `circular`: from the new lock to the held one. For `irq-order`: from the new lock to the unsafe class. For
    /// `irq-inversion`: between the two classes.
    pub path: Path,
    /// For `irq-order`: from the class used in the state to the held lock.
    pub path_to_held: Path,
    /// The limit that the lock's wait type is above.
    pub limit: u8,
    /// The part of it that the context itself sets.
    pub context_limit: u8,
    /// The lock was not acquired now, but again, since a lock below it was released.
    pub reacquired: Option<Reacquired>,
    /// How long the lock was held, for `hold-limit`.
    pub overheld: Overheld,
    /// What exactly was wrong, for the kinds that are several.
    pub note: Option<&'static str>,
    /// An earlier finding of the same cause: what fixes one fixes both.
    pub same_cause: Option<FindingId>,
    /// That one tells all, so this one is told in one line.
    pub is_brief: bool,
    /// The return addresses of the one who runs, the innermost first, if the port knows them.
    pub trace: Vec<usize, TRACE>,
    /// What the task held, the lowest first.
    pub held: Vec<LockView, HOLDS>,
    /// How many holds are missing there.
    pub held_cut: usize,
    /// From which of them on they are of the present interrupt context.
    run_from: usize,
}

impl Report {
    /// An empty one, for the slot that it is written to: all zeros.
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
    };

    /// Makes it empty in place: it is too large for a kernel's stack.
    fn clear(&mut self) {
        (self.site, self.lock, self.held_lock, self.usage, self.note) = (None, None, None, None, None);
        (self.new_usage, self.limit, self.overheld) = (Usage::empty(), 0, Overheld::NONE);
        (self.same_cause, self.is_brief) = (None, false);
        self.path.clear();
        self.path_to_held.clear();
        self.trace.clear();
        self.held.clear();
    }

    /// What was found.
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Assertion)
    }

    /// Who ran, or that nobody knows.
    pub fn who(&self) -> TaskInfo {
        self.who.unwrap_or(TaskInfo::UNKNOWN)
    }

    /// The lock that is taken, and the hold that is in its way.
    pub(crate) fn locks(&mut self, held: &Hold, new: &Hold, lookup: Lookup<'_>) {
        self.lock = Some(lookup.lock(new));
        self.held_lock = Some(lookup.lock(held));
    }

    /// Begins a report of what happened in `context`, whose holds it copies.
    pub(crate) fn begin(&mut self, kind: Kind, config: &PortConfig, context: &Context, lookup: Lookup<'_>) {
        self.clear();
        self.kind = Some(kind);
        self.who = Some((config.who)());
        self.trace_with(config.backtrace);
        self.flags = context.flags();
        self.toggles = context.toggles();
        self.context_limit = context.limit();
        // Where there are more than there is room for, the oldest are left out.
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

    /// What is held in the present interrupt context, the lowest first.
    pub(crate) fn run(&self) -> &[LockView] {
        self.held.get(self.run_from..).unwrap_or_default()
    }
}

impl Report {
    /// Asks the port for the return addresses. It may say any number, and is believed as far as there is room.
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

/// Where a report finds what it shows of classes.
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
        // A CPU's number that does not fit is not cut.
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

    /// A path whose dependencies come one after the other in its order, or with `from_end` from its end to its start. The
    /// first to come are kept.
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
