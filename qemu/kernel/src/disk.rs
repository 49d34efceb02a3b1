//! The disk: requests go in, and some ticks later an interrupt says that they are done.
//!
//! Teaches: the three parts of a driver. The *submission*, in a task, puts a request into a queue that the interrupt also
//! takes, so its lock is taken with interrupts off. The *interrupt* (here the timer's softirq, for want of a device) only
//! notes what is done, and wakes the *threaded interrupt*, a task that may sleep: it ends the request, and so unlocks a
//! page that another task locked.

use crate::locks::Semaphore;
use crate::scenario::Work;
use crate::{sched, softirq};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use lockdep::spin::Mutex;

/// As many as there are pages, since a page has one request at most.
pub(crate) const REQUESTS: usize = 32;
/// How many ticks a request takes.
const LATENCY: u64 = 1;

/// A request, by the number of its page.
#[derive(Clone, Copy)]
struct Request {
    page: usize,
    done_at: u64,
}

struct Device {
    submitted: [Option<Request>; REQUESTS],
    done: [Option<usize>; REQUESTS],
}

static DEVICE: Mutex<Device> =
    Mutex::named("disk_queue", Device { submitted: [None; REQUESTS], done: [None; REQUESTS] });
/// A permit for each request that is done, and one more where the thread is to end.
static DONE: Semaphore = Semaphore::named("disk_done", 0);
static STOP: AtomicBool = AtomicBool::new(false);
/// What the thread does with a page whose request is done: the address of a `fn(usize)`.
static END_IO: AtomicUsize = AtomicUsize::new(0);

static THREAD: Work = Work { name: "disk-irq", body: thread };

/// Opens the device: `end_io` is called for each page whose request is done, in a task.
pub(crate) fn open(end_io: fn(usize)) {
    STOP.store(false, Ordering::Relaxed);
    END_IO.store(end_io as usize, Ordering::Release);
    softirq::open(softirq::TIMER, interrupt);
    sched::spawn(&THREAD, 0);
}

/// Closes it: its thread ends when all requests have.
pub(crate) fn close() {
    STOP.store(true, Ordering::Release);
    DONE.up();
}

/// Begins to write this page, which its caller has locked and handed over.
pub(crate) fn submit(page: usize) {
    let mut device = DEVICE.lock_irqsave();
    let Some(free) = device.submitted.iter_mut().find(|request| request.is_none()) else {
        panic!("more requests than pages");
    };
    *free = Some(Request { page, done_at: sched::ticks() + LATENCY });
}

/// In the timer's softirq, on each CPU: what is due is done. The first CPU's keeps the device going.
fn interrupt(cpu: usize) {
    if cpu != 0 {
        return;
    }
    let now = sched::ticks();
    let mut done = 0;
    {
        let mut device = DEVICE.lock_irqsave();
        for index in 0..REQUESTS {
            let due = device.submitted[index].filter(|request| request.done_at <= now);
            if let Some(request) = due
                && let Some(free) = device.done.iter().position(Option::is_none)
            {
                device.submitted[index] = None;
                device.done[free] = Some(request.page);
                done += 1;
            }
        }
    }
    (0..done).for_each(|_| DONE.up());
}

/// The threaded interrupt.
fn thread(_: usize) {
    loop {
        DONE.down();
        let page = DEVICE.lock_irqsave().done.iter_mut().find_map(Option::take);
        match page {
            Some(page) => end_io(page),
            None if STOP.load(Ordering::Acquire) => return,
            None => {}
        }
    }
}

fn end_io(page: usize) {
    let address = END_IO.load(Ordering::Acquire);
    assert_ne!(address, 0, "a request before the device was opened");
    // SAFETY: `open` stored the address of a function of this type.
    let end_io: fn(usize) = unsafe { core::mem::transmute(address as *const ()) };
    end_io(page);
}
