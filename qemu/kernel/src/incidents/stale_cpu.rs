//! `stale-cpu`: a lock saves the interrupt flag in a record of its CPU. A task looks up the record, is moved to another CPU
//! before it has turned interrupts off, and saves its flag in the record of the CPU that it left. There an interrupt
//! has just saved its own flag, "off"; it now restores the task's, "on": interrupts are enabled inside an interrupt.
//!
//! Teaches: what belongs to a CPU may be looked up only where the task cannot be moved. The validator is
//! told that interrupts are enabled, as ever before the machine is, and knows that this is an interrupt: it reports though
//! none has nested. Fixed, interrupts are off
//! before the record is looked up; or the flag is kept in the guard, as this kernel does.

use super::telling::{Step, Telling};
use crate::board::Cpu as _;
use crate::machine::Machine;
use crate::scenario::Work;
use crate::task::PreemptOff;
use crate::{cpu, flag, sched};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use lockdep::{Kind, hooks};

/// What a CPU remembers while its interrupts are off: whether they were on.
struct Record {
    were_on: AtomicBool,
}

static RECORDS: [Record; cpu::MAX] = [const { Record { were_on: AtomicBool::new(false) } }; cpu::MAX];

/// How far it has come.
static STEP: AtomicUsize = AtomicUsize::new(BEGIN);
const BEGIN: usize = 0;
/// The task has been moved.
const MOVED: usize = 1;
/// The interrupt, on the CPU that was left, has saved its flag.
const INTERRUPTED: usize = 2;
/// The task has saved its own.
const SAVED: usize = 3;
/// The interrupt has restored what the record had.
const OVER: usize = 4;
/// The CPU that the task has left.
static LEFT: AtomicUsize = AtomicUsize::new(usize::MAX);

const HOG: Work = Work { name: "hog", body: occupy };
/// More tasks than CPUs, so that the scheduler has reason to move one.
const STALE: [Work; 1 + cpu::MAX] = [Work { name: "mover", body: lock_stale }, HOG, HOG, HOG, HOG];
const FIXED: [Work; 1 + cpu::MAX] = [Work { name: "mover", body: lock_fixed }, HOG, HOG, HOG, HOG];

pub(super) static TELLINGS: [Telling; 2] = [
    Telling::new("stale-cpu", Kind::IrqsState, &[Step::Check(begin), Step::Together(&STALE)])
        .interrupt(interrupt)
        .needs_cpus(2),
    Telling::silent("stale-cpu-fixed", &[Step::Check(begin), Step::Together(&FIXED)])
        .interrupt(interrupt)
        .needs_cpus(2),
];

fn begin() -> bool {
    come_to(BEGIN);
    true
}

fn come_to(step: usize) {
    STEP.store(step, Ordering::Release);
}

fn wait_for(step: usize) {
    while STEP.load(Ordering::Acquire) < step {
        core::hint::spin_loop();
    }
}

fn lock_stale(_: usize) {
    let record = &RECORDS[Machine::cpu()];
    let _keeps_cpu = be_moved();
    wait_for(INTERRUPTED);
    save(record);
    come_to(SAVED);
    restore(record);
}

fn lock_fixed(_: usize) {
    let _keeps_cpu = be_moved();
    wait_for(INTERRUPTED);
    let record = &RECORDS[Machine::cpu()];
    save(record);
    come_to(SAVED);
    restore(record);
}

/// What a scheduler may do between any two instructions, with interrupts on. Then the task stays where it is.
fn be_moved() -> PreemptOff {
    let left = Machine::cpu();
    loop {
        let keeps_cpu = PreemptOff::new();
        if Machine::cpu() != left {
            // Until each hog has been interrupted once: the report tells where, and so is always the same.
            let settled = sched::ticks() + 4 * cpu::MAX as u64;
            while sched::ticks() < settled {
                core::hint::spin_loop();
            }
            LEFT.store(left, Ordering::Relaxed);
            come_to(MOVED);
            return keeps_cpu;
        }
        drop(keeps_cpu);
        core::hint::spin_loop();
    }
}

fn occupy(_: usize) {
    wait_for(OVER);
}

/// It uses the record rightly: it cannot be moved.
fn interrupt(cpu: usize) {
    if STEP.load(Ordering::Acquire) == MOVED && cpu == LEFT.load(Ordering::Relaxed) {
        let record = &RECORDS[cpu];
        save(record);
        come_to(INTERRUPTED);
        wait_for(SAVED);
        if record.were_on.load(Ordering::Acquire) {
            // As `flag::enable` begins; but then the next interrupt would nest, perhaps. The report comes without it, when
            // this interrupt ends.
            hooks::irqs_enabled();
        }
        come_to(OVER);
    }
}

fn save(record: &Record) {
    let were_on = flag::save::<Machine>();
    record.were_on.store(were_on, Ordering::Release);
}

fn restore(record: &Record) {
    let were_on = record.were_on.load(Ordering::Acquire);
    flag::restore::<Machine>(were_on);
}
