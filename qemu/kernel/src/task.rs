//! The table of tasks: what each has that outlasts a moment on a CPU.
//!
//! Teaches: what a task is made of: a stack, a place to go on, and what it holds, which is its lockdep context. The
//! running task is found by that context and not by the CPU's number: the word of the CPU is read in one instruction, so
//! that a task that is moved in the middle still finds itself. Who may run and when is `sched`'s.

use crate::board::Cpu as _;
use crate::machine::Machine;
use crate::scenario::Work;
use crate::{cpu, scenario};
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use lockdep::ContextCell;

/// How many tasks there may be at once.
pub const TASKS: usize = 32;
/// The bytes of a stack. The validator needs up to 3 KiB of it, and an interrupt as much again.
pub(crate) const STACK: usize = 32 * 1024;

#[repr(C, align(16))]
pub(crate) struct Stack(UnsafeCell<[u8; STACK]>);

// SAFETY: a stack is used only by the task that runs on it, through the stack pointer.
unsafe impl Sync for Stack {}

impl Stack {
    pub(crate) fn bottom(&self) -> *mut u8 {
        self.0.get().cast()
    }

    pub(crate) fn top(&self) -> *mut u8 {
        self.bottom().wrapping_add(STACK)
    }
}

/// A task.
pub(crate) struct Task {
    /// What it holds, as the validator knows it. It goes where the task goes.
    pub(crate) context: ContextCell,
    /// Its number for people, never used twice.
    pub(crate) id: AtomicU32,
    work: AtomicPtr<Work>,
    /// What it hands to its work.
    pub(crate) argument: AtomicUsize,
    /// The stack pointer while it does not run.
    pub(crate) stack_pointer: AtomicUsize,
    /// Above 0 the tail of an interrupt does not preempt it. Written by the task alone.
    preempt_off: AtomicUsize,
    /// The CPU that it ran on last.
    pub(crate) last_cpu: AtomicUsize,
}

impl Task {
    const fn new() -> Task {
        Task {
            context: ContextCell::new(0),
            id: AtomicU32::new(0),
            work: AtomicPtr::new(ptr::null_mut()),
            argument: AtomicUsize::new(0),
            stack_pointer: AtomicUsize::new(0),
            preempt_off: AtomicUsize::new(0),
            last_cpu: AtomicUsize::new(usize::MAX),
        }
    }

    pub(crate) fn set_work(&self, work: &'static Work) {
        self.work.store(ptr::from_ref(work).cast_mut(), Ordering::Relaxed);
    }

    /// What it does, and how it is called.
    pub(crate) fn work(&self) -> &'static Work {
        // SAFETY: null, or from a `&'static Work`, since `set_work` alone writes it.
        unsafe { self.work.load(Ordering::Relaxed).as_ref() }.unwrap_or(&NO_WORK)
    }

    pub(crate) fn may_be_preempted(&self) -> bool {
        self.preempt_off.load(Ordering::Relaxed) == 0
    }
}

static NO_WORK: Work = Work { name: "none", body: scenario::nothing };

/// The stack of each. Apart from the table, since they are zero: so they are no part of the image.
pub(crate) static STACKS: [Stack; TASKS] = [const { Stack(UnsafeCell::new([0; STACK])) }; TASKS];

/// All tasks.
pub(crate) static TABLE: [Task; TASKS] = [const { Task::new() }; TASKS];

/// The number of the running task; none where a CPU boots, idles, or serves an interrupt.
pub(crate) fn current() -> Option<usize> {
    let word = Machine::current();
    let first = cpu::word_of_context(TABLE[0].context.get());
    let number = word.checked_sub(first)? / size_of::<Task>();
    (TABLE.get(number).is_some_and(|task| cpu::word_of_context(task.context.get()) == word)).then_some(number)
}

/// Name and number of the task that this CPU runs, or has interrupted.
pub fn name_on(cpu: &cpu::Cpu) -> (&'static str, u32) {
    let task = TABLE.get(cpu.task.load(Ordering::Relaxed));
    task.map_or(("idle", 0), |task| (task.work().name, task.id.load(Ordering::Relaxed)))
}

/// Hands the lower end of the running task's stack to `f`.
pub(crate) fn with_own_stack(f: impl FnOnce(NonNull<u8>)) {
    let stack = STACKS.get(cpu::this::<Machine>().task.load(Ordering::Relaxed));
    if let Some(stack) = stack.and_then(|stack| NonNull::new(stack.bottom())) {
        f(stack);
    }
}

/// While it lives, the running task keeps its CPU: it holds a lock for which another would spin.
pub(crate) struct PreemptOff(Option<&'static Task>);

impl PreemptOff {
    pub(crate) fn new() -> PreemptOff {
        let task = current().and_then(|number| TABLE.get(number));
        if let Some(task) = task {
            task.preempt_off.fetch_add(1, Ordering::Relaxed);
        }
        PreemptOff(task)
    }
}

impl Drop for PreemptOff {
    fn drop(&mut self) {
        if let Some(task) = self.0 {
            task.preempt_off.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
