//! The parts of the text for each kind of report, in Linux's order: heading, who does what, what is known, the
//! scenario. It computes nothing.

use super::hang;
use super::scenario::{self, Party};
use super::{Bracket, Marked, Place, in_words, path, reverse_chain};
use crate::lock::site::Site;
use crate::lock::usage::{Usage, UsageState};
use crate::report::blame::{Atomic, atomic, limiting, outside};
use crate::report::kind::Kind;
use crate::report::{LockView, Report, UsageConflict};
use core::fmt::{self, Formatter};

type Text<'a, 'b> = &'a mut Formatter<'b>;

/// The heading between its rules, in exactly Linux's words.
pub(super) fn heading(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let who = report.who();
    let title = match report.kind() {
        Kind::Recursive => format_args!("WARNING: possible recursive locking detected"),
        Kind::Circular => format_args!("WARNING: possible circular locking dependency detected"),
        Kind::Inconsistent => format_args!("WARNING: inconsistent lock state"),
        Kind::IrqInversion => format_args!("WARNING: possible irq lock inversion dependency detected"),
        Kind::Unbalanced => format_args!("WARNING: bad unlock balance detected!"),
        Kind::WaitContext => format_args!("[ BUG: Invalid wait context ]"),
        Kind::NestNotHeld => format_args!("WARNING: Nested lock was not taken"),
        Kind::HeldFreed => format_args!("WARNING: held lock freed!"),
        Kind::HeldToUser => format_args!("WARNING: lock held when returning to user space!"),
        Kind::SleepAtomic => format_args!("BUG: sleeping function called from invalid context"),
        Kind::Assertion => format_args!("WARNING: lock assertion does not hold"),
        Kind::Rcu => format_args!("WARNING: suspicious RCU usage"),
        Kind::IrqsState => format_args!("WARNING: interrupt flag not as the validator was told"),
        Kind::WwMisuse => format_args!("WARNING: wound/wait mutex misused"),
        Kind::HoldLimit => format_args!("WARNING: lock held for too long"),
        Kind::IrqOrder => return irq_order_heading(report, f),
        Kind::Deadlock => format_args!("[ BUG: circular locking deadlock detected! ]"),
        Kind::HungTask => return hang::heading(report, f),
        Kind::HeldAtExit => {
            return ruled(f, format_args!("WARNING: {}/{} still has locks held!", who.task, who.id), who.cpu);
        }
    };
    ruled(f, title, who.cpu)
}

fn irq_order_heading(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let state = state_name(report);
    let read = report.usage.is_some_and(|usage| usage.used.is_read());
    let read = if read { "-READ" } else { "" };
    ruled(f, format_args!("WARNING: {state}{read}-safe -> {state}{read}-unsafe lock order detected"), report.who().cpu)
}

fn ruled(f: Text<'_, '_>, title: fmt::Arguments<'_>, cpu: u32) -> fmt::Result {
    let mut width = Width(0);
    fmt::write(&mut width, title)?;
    let width = width.0;
    writeln!(f, "{:=<width$}\n{title}\nlockdep {}, CPU {cpu}\n{:-<width$}", "", env!("CARGO_PKG_VERSION"), "")
}

/// Counts the characters that are written.
pub(crate) struct Width(pub(crate) usize);

impl fmt::Write for Width {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0 += s.len();
        Ok(())
    }
}

fn state_name(report: &Report) -> &'static str {
    report.usage.map_or("?", |usage| usage.used.state().name())
}

/// Everything between the heading and the held locks.
pub(super) fn body(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    match report.kind() {
        Kind::Recursive => recursive(report, f),
        Kind::Circular => circular(report, f),
        Kind::Inconsistent => inconsistent(report, f),
        Kind::IrqOrder => irq_order(report, f),
        Kind::IrqInversion => irq_inversion(report, f),
        Kind::Unbalanced => unbalanced(report, f),
        Kind::WaitContext => wait_context(report, f),
        Kind::NestNotHeld => nest_not_held(report, f),
        Kind::HeldFreed => line(report, f, "is freeing memory with a lock still held there:"),
        Kind::HeldAtExit if report.flags.hardirq || report.flags.softirq => {
            line(report, f, "returns from an interrupt with a lock that was taken in it:")
        }
        Kind::HeldAtExit => line(report, f, "ends with a lock still held:"),
        Kind::HeldToUser => line(report, f, "is leaving the kernel with locks still held!"),
        Kind::SleepAtomic => sleep_atomic(report, f),
        Kind::HoldLimit => hold_limit(report, f),
        Kind::Assertion | Kind::Rcu | Kind::IrqsState | Kind::WwMisuse => wrong(report, f),
        Kind::Deadlock | Kind::HungTask => hang::chain(report, f),
    }
}

/// `TASK/ID WHAT` and the lock.
fn line(report: &Report, f: Text<'_, '_>, what: &str) -> fmt::Result {
    writeln!(f, "{}/{} {what}", report.who().task, report.who().id)?;
    lock(report.lock.as_ref(), f)?;
    match (report.kind(), report.site) {
        (Kind::HeldFreed, None) => writeln!(f, "noticed at: the drop of the lock, which knows no line\n"),
        (Kind::HeldFreed | Kind::HeldAtExit | Kind::HeldToUser, site) => writeln!(f, "noticed at: {}\n", Place(site)),
        _ => Ok(()),
    }
}

fn lock(lock: Option<&LockView>, f: Text<'_, '_>) -> fmt::Result {
    lock.map_or(Ok(()), |lock| writeln!(f, "{lock}"))
}

fn trying(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    line(report, f, "is trying to acquire lock:")?;
    writeln!(f, "\nbut task is already holding lock:")?;
    lock(report.held_lock.as_ref(), f)
}

fn other_info(f: Text<'_, '_>) -> fmt::Result {
    writeln!(f, "\nother info that might help us debug this:")
}

fn recursive(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let (Some(held), Some(new)) = (&report.held_lock, &report.lock) else { return Ok(()) };
    trying(report, f)?;
    other_info(f)?;
    if held.mode.shared && new.mode.shared {
        scenario::queued_writer(f, &held.class, &new.class)?;
    } else {
        scenario::one_cpu(f, &held.class, held.mode, None, (&new.class, new.mode))?;
    }
    if held.instance != new.instance {
        writeln!(f, " May be due to missing lock nesting notation\n")?;
    }
    Ok(())
}

fn circular(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let (Some(held), Some(new)) = (&report.held_lock, &report.lock) else {
        return Ok(());
    };
    trying(report, f)?;
    writeln!(f, "\nwhich lock already depends on the new lock.\n")?;
    writeln!(f, "\nthe existing dependency chain (in reverse order) is:\n")?;
    reverse_chain(&report.path, new, f)?;
    other_info(f)?;
    let new_party = Party::of_locks(held, new);
    scenario::cycle(f, new_party, report.path.steps.iter().map(Party::of_step), None, report.path.cut)
}

fn inconsistent(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let (Some(lock), Some(usage)) = (&report.lock, &report.usage) else {
        return Ok(());
    };
    let (old, site) = old_usage(report, usage);
    let who = report.who();
    writeln!(f, "inconsistent {{{}}} -> {{{}}} usage.", old.name(), report.new_usage.name())?;
    writeln!(f, "{}/{} {} takes:\n{}", who.task, who.id, Bracket(report.flags), lock)?;
    if report.site != lock.site {
        writeln!(f, "which is now {} at:\n  {}", in_words(report.new_usage), Place(report.site))?;
    }
    writeln!(f, "{{{}}} state was registered at:\n  {}", old.name(), Place(site))?;
    toggles(report, f)?;
    other_info(f)?;
    let held = Party::held(&lock.class, usage.enabled);
    let asked = Party::used(&lock.class, usage.used);
    scenario::one_cpu(f, held.holds, held.held, Some(usage.used.state()), (asked.waits_for, asked.waiting))
}

/// The bit that was set before, and where.
fn old_usage(report: &Report, usage: &UsageConflict) -> (Usage, Option<Site>) {
    if report.new_usage == usage.used { (usage.enabled, usage.enabled_site) } else { (usage.used, usage.used_site) }
}

fn toggles(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let toggles = report.toggles;
    // If the change was not announced to the validator, it came before the line at which it was noticed.
    let word = |noticed| if noticed { "noticed" } else { "last" };
    writeln!(f, "hardirqs {}  enabled at: {}", word(toggles.irqs_on_noticed), Last(toggles.irqs_on))?;
    writeln!(f, "hardirqs {} disabled at: {}", word(toggles.irqs_off_noticed), Last(toggles.irqs_off))?;
    writeln!(f, "softirqs last  enabled at: {}", Last(toggles.softirqs_on))?;
    writeln!(f, "softirqs last disabled at: {}", Last(toggles.softirqs_off))
}

/// A site where something last happened.
struct Last(Option<Site>);

impl fmt::Display for Last {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(site) => write!(f, "{site}"),
            None => write!(f, "never"),
        }
    }
}

fn irq_order(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let (Some(held), Some(new), Some(usage)) = (&report.held_lock, &report.lock, &report.usage) else {
        return Ok(());
    };
    let (who, state) = (report.who(), state_name(report));
    let irq = if usage.used.state() == UsageState::Reclaim { "" } else { "-irq" };
    writeln!(f, "{}/{} {} is trying to acquire:\n{}", who.task, who.id, Bracket(report.flags), new)?;
    writeln!(f, "\nand this task is already holding:\n{held}")?;
    writeln!(f, "which would create a new lock dependency:")?;
    writeln!(f, " {} -> {}", Marked(&held.class), Marked(&new.class))?;
    writeln!(f, "\nbut this new dependency connects a {state}{irq}-safe lock:\n {}", Marked(&usage.used_class))?;
    writeln!(f, "\n... which became {state}{irq}-safe at:\n  {}", Place(usage.used_site))?;
    writeln!(f, "\nto a {state}{irq}-unsafe lock:\n {}", Marked(&usage.enabled_class))?;
    writeln!(f, "\n... which became {state}{irq}-unsafe at:\n  {}", Place(usage.enabled_site))?;
    toggles(report, f)?;
    other_info(f)?;
    let steps = report.path_to_held.steps.iter().map(Party::of_step);
    let new_party = core::iter::once(Party::of_locks(held, new));
    let parties = steps.chain(new_party).chain(report.path.steps.iter().map(Party::of_step));
    irq_scenario(usage, parties, report.path.cut + report.path_to_held.cut, f)?;
    if !report.path_to_held.steps.is_empty() {
        writeln!(f, "the dependencies between {state}{irq}-safe lock and the holding lock:")?;
        path(&report.path_to_held, f)?;
        writeln!(f)?;
    }
    if !report.path.steps.is_empty() {
        writeln!(f, "the dependencies between the lock to be acquired\n and {state}{irq}-unsafe lock:")?;
        path(&report.path, f)?;
        writeln!(f)?;
    }
    Ok(())
}

/// The cycle that an interrupt closes: a CPU holds the unsafe lock and is interrupted, and the interrupt waits for the
/// safe one; the dependencies in between lead from the safe to the unsafe lock.
fn irq_scenario<'a>(
    usage: &'a UsageConflict,
    dependencies: impl Iterator<Item = Party<'a>> + Clone,
    cut: usize,
    f: Text<'_, '_>,
) -> fmt::Result {
    let interrupted = Party {
        holds: &usage.enabled_class,
        held: Party::held(&usage.enabled_class, usage.enabled).held,
        ..Party::used(&usage.used_class, usage.used)
    };
    scenario::cycle(f, interrupted, dependencies, Some(usage.used.state()), cut)
}

fn irq_inversion(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let (Some(lock), Some(usage)) = (&report.lock, &report.usage) else {
        return Ok(());
    };
    let (who, state) = (report.who(), state_name(report));
    writeln!(f, "{}/{} {} just changed the state of lock:", who.task, who.id, Bracket(report.flags))?;
    writeln!(f, "{lock}")?;
    if report.site != lock.site {
        writeln!(f, "which is now {} at:\n  {}", in_words(report.new_usage), Place(report.site))?;
    }
    if report.new_usage.is_used() {
        writeln!(f, "but this lock took another, {state}-unsafe lock in the past:\n {}", Marked(&usage.enabled_class))?;
    } else {
        writeln!(
            f,
            "but this lock was taken by another, {state}-safe lock in the past:\n {}",
            Marked(&usage.used_class)
        )?;
    }
    let (old, site) = old_usage(report, usage);
    writeln!(f, "... which was {} at:\n  {}", in_words(old), Place(site))?;
    writeln!(f, "\n\nand interrupts could create inverse lock ordering between them.\n")?;
    toggles(report, f)?;
    other_info(f)?;
    irq_scenario(usage, report.path.steps.iter().map(Party::of_step), report.path.cut, f)?;
    writeln!(f, "the shortest dependencies between 2nd lock and 1st lock:")?;
    path(&report.path, f)?;
    writeln!(f)
}

fn unbalanced(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    let Some(lock) = &report.lock else { return Ok(()) };
    let (who, what) = (report.who(), report.note.unwrap_or("release"));
    writeln!(f, "{}/{} is trying to {what} lock ({}) at:", who.task, who.id, lock.class)?;
    match report.site {
        Some(site) => writeln!(f, "{site}")?,
        None => writeln!(f, "the drop of a guard, which knows no line")?,
    }
    if let (None, Some(site)) = (report.site, lock.class.site) {
        writeln!(f, "the lock is constructed at {site}")?;
    }
    match outside(report) {
        Some(held) => writeln!(f, "but this lock was taken outside of this interrupt, at {}!", Place(held.site))?,
        None if report.held.is_empty() => writeln!(f, "but there are no more locks to release!")?,
        None => writeln!(f, "but this lock is not held!")?,
    }
    other_info(f)
}

fn wait_context(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    line(report, f, "is trying to lock:")?;
    writeln!(f, "other info that might help us debug this:\ncontext-{{{0}:{0}}}", report.context_limit)?;
    let Some(lock) = &report.lock else { return Ok(()) };
    let needs = lock.class.waits.outer() as u8;
    write!(f, "`{}` {} (wait type {needs}), ", lock.class, wait_name(needs))?;
    write!(f, "but only {} ({}) is allowed here because ", allowed_name(report.limit), report.limit)?;
    match limiting(report) {
        Some(held) => writeln!(f, "`{}` is held", held.class),
        None => writeln!(f, "this is an interrupt"),
    }
}

fn wait_name(wait: u8) -> &'static str {
    ["is not checked", "never waits", "spins", "spins here and may sleep in another configuration", "may sleep"]
        .get(usize::from(wait))
        .copied()
        .unwrap_or("may wait in any way")
}

fn allowed_name(limit: u8) -> &'static str {
    ["nothing", "not waiting at all", "spinning", "spinning, or sleeping in another configuration", "sleeping"]
        .get(usize::from(limit))
        .copied()
        .unwrap_or("anything")
}

fn nest_not_held(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    line(report, f, "is trying to lock:")?;
    writeln!(f, "\nbut this task is not holding:")?;
    if let Some(nest) = &report.held_lock {
        writeln!(f, "{}", nest.class)?;
    }
    other_info(f)
}

fn sleep_atomic(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    writeln!(f, "at {}", Place(report.site))?;
    writeln!(f, "{}/{} {}", report.who().task, report.who().id, Bracket(report.flags))?;
    match atomic(report) {
        Atomic::Interrupt => writeln!(f, "sleeping is not allowed: this is an interrupt")?,
        Atomic::IrqsOff => writeln!(f, "sleeping is not allowed: hard interrupts are disabled")?,
        Atomic::SoftirqsOff => writeln!(f, "sleeping is not allowed: softirqs are disabled")?,
        Atomic::Held(held) if !report.flags.irqs_on => {
            let class = &held.class;
            writeln!(f, "sleeping is not allowed: `{class}` is held, which spins, and hard interrupts are disabled")?;
        }
        Atomic::Held(held) => writeln!(f, "sleeping is not allowed: `{}` is held, which spins", held.class)?,
        Atomic::Unknown => {}
    }
    toggles(report, f)
}

/// How long a lock was held, and how long it may be.
fn hold_limit(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    line(report, f, "held a lock for longer than its class allows:")?;
    if let Some((length, limit)) = report.overheld.length_and_limit() {
        writeln!(f, "held for {length}, limit {limit} (in the port's unit of time)")?;
    }
    let is_held = report.held.iter().any(|held| report.lock.is_some_and(|lock| lock.instance == held.instance));
    match report.site {
        Some(site) if is_held => writeln!(f, "and still held at: {site}\n"),
        Some(site) => writeln!(f, "released at: {site}\n"),
        None => writeln!(f, "released by the drop of its guard, which knows no line\n"),
    }
}

/// Misuse that no rule decides: the note of the code that detected it.
fn wrong(report: &Report, f: Text<'_, '_>) -> fmt::Result {
    writeln!(f, "{}/{} {} at {}:", report.who().task, report.who().id, Bracket(report.flags), Place(report.site))?;
    writeln!(f, "{}", report.note.unwrap_or("it is wrong"))?;
    if let Some(lock) = &report.lock {
        writeln!(f, "{:016x} {}", lock.instance, Marked(&lock.class))?;
    }
    other_info(f)?;
    toggles(report, f)?;
    writeln!(f)
}
