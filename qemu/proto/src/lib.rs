//! The words between the demonstration kernel and its runner: what the runner passes with `-append`
//! ([`CommandLine`]), what the kernel says on its serial line ([`Word`]), and the exit codes.
//!
//! Both sides use these types, one to write and the other to read, so that the words cannot drift apart.
//!
//! A word takes a line of its own that begins with [`MARK`]; every other line is free text, for people:
//!
//! ```text
//! @lockdep begin board=q35-x86_64 smp=2 plan=3
//! @lockdep case basic-A-A-deadlock-spin ok
//! @lockdep case basic-A-B-B-A-deadlock-spin failed expected=circular got=none
//! @lockdep report abba begin
//! WARNING: possible circular locking dependency detected
//! @lockdep report abba end
//! @lockdep case abba ok
//! @lockdep figure static-memory 411904 bytes
//! @lockdep end passed=2 failed=1 skipped=0
//! ```
//!
//! Invariants: what is displayed parses back to the same value; a line that carries the mark and is no word is
//! [`Malformed`], never free text. Nothing here allocates, judges, or knows which cases there are.
#![no_std]

mod command_line;
mod parse;
mod word;

pub use command_line::CommandLine;
pub use parse::Malformed;
pub use word::{Counts, Outcome, Word};

/// What each word begins with. It never appears in free text.
pub const MARK: &str = "@lockdep";

/// The live scenarios, by name: the value of `scenario=` on the command line, of the case, and of its report.
pub const SCENARIOS: [&str; 3] = ["abba", "irq", "softirq"];

/// The incidents, by name: deadlocks and hangs that happened, each told in several cases ([`TELLINGS`]). Part of
/// [`ALL_TRIALS`].
pub const INCIDENTS: [&str; 7] =
    ["hugetlbfs", "spm-resume", "dax-unlock", "gvt-mmap", "nfs-writeback", "heap-in-irq", "stale-cpu"];
/// How each is told.
pub const TELLINGS: [Telling; 19] = [
    Telling::reported(INCIDENTS[0], "hugetlbfs"),
    Telling::silent(INCIDENTS[0], "hugetlbfs-fixed"),
    Telling::reported(INCIDENTS[1], "spm-resume"),
    Telling::reported(INCIDENTS[1], "spm-resume-interrupt-last"),
    Telling::reported(INCIDENTS[1], "spm-resume-notifier-last"),
    Telling::silent(INCIDENTS[1], "spm-resume-fixed"),
    Telling::reported(INCIDENTS[2], "dax-unlock"),
    Telling::reported(INCIDENTS[2], "dax-unlock-lost"),
    Telling::reported(INCIDENTS[2], "dax-unlock-lock-order"),
    Telling::silent(INCIDENTS[2], "dax-unlock-fixed"),
    Telling::reported(INCIDENTS[3], "gvt-mmap"),
    Telling::reported(INCIDENTS[3], "gvt-mmap-emulator-first"),
    Telling::silent(INCIDENTS[3], "gvt-mmap-fixed"),
    Telling::silent(INCIDENTS[4], "nfs-writeback"),
    Telling::silent(INCIDENTS[4], "nfs-writeback-fixed"),
    Telling::reported(INCIDENTS[5], "heap-in-irq"),
    Telling::silent(INCIDENTS[5], "heap-in-irq-fixed"),
    Telling::reported(INCIDENTS[6], "stale-cpu").on_cpus(2),
    Telling::silent(INCIDENTS[6], "stale-cpu-fixed").on_cpus(2),
];

/// A telling of an incident: a case, and perhaps a report of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Of which incident: one of [`INCIDENTS`].
    pub incident: &'static str,
    /// The name of the case.
    pub name: &'static str,
    /// Whether there is a report.
    pub is_reported: bool,
    /// With fewer CPUs it is not told.
    pub cpus: usize,
}

impl Telling {
    const fn reported(incident: &'static str, name: &'static str) -> Telling {
        Telling { incident, name, is_reported: true, cpus: 1 }
    }

    const fn silent(incident: &'static str, name: &'static str) -> Telling {
        Telling { incident, name, is_reported: false, cpus: 1 }
    }

    const fn on_cpus(self, cpus: usize) -> Telling {
        Telling { cpus, ..self }
    }
}

/// The trials, by name: what a living kernel does, without a finding. Each is a case, and no part of a boot without
/// `scenario=`.
pub const TRIALS: [&str; 5] = ["sched", "locks", "memory", SHELL, SOAK];
/// All trials but the [`SOAK`], and all incidents, in one boot.
pub const ALL_TRIALS: &str = "all";
/// The trial to which the runner sends [`COMMANDS`].
pub const SHELL: &str = "shell";
/// What the kernel prints when it reads its line: before that, what is sent may be lost.
pub const SHELL_READY: &str = "shell: ready";
/// What is sent, a line each.
pub const COMMANDS: &str = "help\ntasks\nheld\nstat\nlocks\nclasses\nchains\ngraph\nquit\n";
/// The trial that takes `minutes=`.
pub const SOAK: &str = "soak";

/// The kernel's own cases, beside the self-tests: two tasks of a CPU hold their locks apart, its flag is true to
/// the machine's, and its own locks are in order.
pub const KERNEL_CASES: [&str; 3] = [TASK_SWITCH, IRQ_FLAG, OWN_LOCKS];
/// On each CPU two tasks take turns while both hold a lock: each sees its own alone.
pub const TASK_SWITCH: &str = "task-switch";
/// Nowhere did the machine's interrupt flag differ from what the validator was told, on no CPU.
pub const IRQ_FLAG: &str = "irq-flag";
/// Nothing was found in the kernel's own locks until the first scenario.
pub const OWN_LOCKS: &str = "own-locks";

/// Scenarios that must be red. They are no cases: the runner asks for them to see that they are.
pub mod drill {
    /// Ends in a panic with a lock held.
    pub const PANIC: &str = "panic";
    /// Hangs with interrupts off.
    pub const HANG: &str = "hang";
}

/// The figures of every boot: what the tables and a context take.
pub const FIGURES: [&str; 2] = ["tables", "context"];
/// The figure of a boot with the self-tests: the worst use of a stack.
pub const STACK_WORST: &str = "stack.worst";

/// QEMU's exit codes. Never 0, since a machine that resets ends with 0 as well; always odd, since on x86 the
/// debug-exit device makes `(v << 1) | 1` of the value `v` written to it.
pub mod exit_code {
    /// All that was asked for passed, or was skipped with a reason.
    pub const PASSED: u8 = 33;
    /// The kernel is well, a case failed.
    pub const FAILED: u8 = 35;
    /// The kernel panicked.
    pub const PANICKED: u8 = 37;
}
