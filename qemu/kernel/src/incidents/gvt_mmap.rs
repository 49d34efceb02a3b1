//! `gvt-mmap`: a virtualised graphics card. An emulated register is written, and the driver reads the guest's memory with
//! `gvt->lock` and `struct_mutex` held. That memory is user memory, so the read may fault, and a fault takes `mmap_sem`.
//! The driver's own fault handler takes `struct_mutex`, with `mmap_sem` held. Nothing ever hung.
//!
//! Teaches: orders are between classes, not between tasks. A client that once touched a mapped object gave one order, the
//! emulator gives the other, and no fault need happen: that there may be one is announced wherever user memory is read.
//! The reader of `kvm->srcu` between the two does not hide it. Fixed, the memory is read before `struct_mutex` is taken.

use super::telling::{Step, Telling};
use crate::locks::{Mutex, RwSem};
use crate::scenario::Work;
use lockdep::{Kind, Mode, Site, Token, Tracker, WaitTypes};

static MMAP_SEM: RwSem<()> = RwSem::named("mmap_sem", ());
static STRUCT_MUTEX: Mutex<()> = Mutex::named("struct_mutex", ());
static GVT_LOCK: Mutex<()> = Mutex::named("gvt->lock", ());
static KVM_SRCU: Tracker = Tracker::named("kvm->srcu", WaitTypes::SLEEP);

const CLIENT: Step = Step::Task(Work { name: "gl-client", body: i915_gem_fault });
const EMULATOR: Step = Step::Task(Work { name: "qemu-system-x86", body: intel_vgpu_emulate_mmio_write });

pub(super) static TELLINGS: [Telling; 3] = [
    Telling::new("gvt-mmap", Kind::Circular, &[CLIENT, EMULATOR]),
    Telling::new("gvt-mmap-emulator-first", Kind::Circular, &[EMULATOR, CLIENT]),
    Telling::silent(
        "gvt-mmap-fixed",
        &[CLIENT, Step::Task(Work { name: "qemu-system-x86", body: intel_vgpu_emulate_mmio_write_fixed }), CLIENT],
    ),
];

fn i915_gem_fault(_: usize) {
    let _address_space = MMAP_SEM.read();
    drop(STRUCT_MUTEX.lock());
}

fn intel_vgpu_emulate_mmio_write(_: usize) {
    let _gvt = GVT_LOCK.lock();
    let _objects = STRUCT_MUTEX.lock();
    kvmgt_rw_gpa();
}

fn intel_vgpu_emulate_mmio_write_fixed(_: usize) {
    let _gvt = GVT_LOCK.lock();
    kvmgt_rw_gpa();
    drop(STRUCT_MUTEX.lock());
}

fn kvmgt_rw_gpa() {
    let reader = srcu_read_lock();
    MMAP_SEM.might_read();
    reader.release(Some(Site::caller()));
}

/// A reader of SRCU never waits.
#[track_caller]
fn srcu_read_lock() -> Token<'static> {
    KVM_SRCU.token().acquire(Mode::RECURSIVE_READ, Site::caller())
}
