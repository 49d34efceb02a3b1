//! Kernels in the shape of two that many have written: blog_os and MOROS. Their locks come from crates: `lazy_static`
//! with `spin_no_std`, whose values are `Once::INIT`; `spin` by the paths of 0.5 and 0.9; and the heap of
//! `linked_list_allocator`, which locks by `spinning_top`, a raw lock of `lock_api`. With the steps of
//! `docs/embedding.md` the crates stay as they are and get our `spin`; here their code is written down.
//!
//! Each boots and runs in silence, until the bug that it is known for is put in.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::Kind;
use lockdep::Level;
use lockdep::hooks;
use lockdep::spin;
use std::fmt::{self, Write};

use port::{IRQS, begin, context, new_cell, the_report};

/// What `lazy_static` with `spin_no_std` makes of a line: its own `Lazy`, whose constant is `Once::INIT`, and whose
/// `get` is not `#[track_caller]`: every first access is this one line to the validator.
mod lazy_static {
    use lockdep::spin::Once;

    pub(crate) struct Lazy<T: Sync>(Once<T>);

    impl<T: Sync> Lazy<T> {
        #[allow(clippy::declare_interior_mutable_const)] // as `lazy_static` has it
        pub(crate) const INIT: Self = Lazy(Once::INIT);

        pub(crate) fn get(&'static self, make: impl FnOnce() -> T) -> &'static T {
            self.0.call_once(make)
        }
    }
}

macro_rules! lazy_static {
    ($(static ref $name:ident: $of:ty = $make:expr;)*) => {
        $(
            #[allow(non_snake_case)]
            fn $name() -> &'static $of {
                static LAZY: lazy_static::Lazy<$of> = lazy_static::Lazy::INIT;
                LAZY.get(|| $make)
            }
        )*
    };
}

/// The crate `x86_64`, on the machine of the tests. It knows no validator.
mod x86_64 {
    use super::port::IRQS;

    pub(crate) fn without_interrupts<R>(work: impl FnOnce() -> R) -> R {
        let were_on = IRQS.replace(false);
        let answer = work();
        IRQS.set(were_on);
        answer
    }
}

/// An interrupt, as the entry of a kernel has it that was embedded by the book.
fn interrupt(handler: impl FnOnce()) {
    assert!(IRQS.replace(false), "the machine takes no interrupt now");
    hooks::irq_enter(Level::Hardirq, new_cell());
    handler();
    hooks::irq_exit();
    IRQS.set(true);
}

mod blog_os {
    use super::*;
    use lockdep::spin::Mutex;

    pub(crate) struct Writer {
        pub(crate) text: String,
    }

    pub(crate) struct Pics {
        pub(crate) ended: u32,
    }

    lazy_static! {
        static ref WRITER: Mutex<Writer> = Mutex::new(Writer { text: String::new() });
        static ref SERIAL1: Mutex<String> = Mutex::new("serial ".into());
        static ref TSS: u64 = {
            print(format_args!("stack "), true);
            7
        };
        static ref GDT: u64 = *TSS() + 1;
        static ref IDT: u64 = *GDT() + *TSS();
        static ref KEYBOARD: Mutex<u8> = Mutex::new(0);
    }

    pub(crate) static PICS: spin::Mutex<Pics> = spin::Mutex::new(Pics { ended: 0 });

    /// `print!`: in the book first without interrupts off, and later with them.
    pub(crate) fn print(what: fmt::Arguments<'_>, with_interrupts_off: bool) {
        let write = || WRITER().lock().text.write_fmt(what).expect("a string takes all");
        if with_interrupts_off { x86_64::without_interrupts(write) } else { write() }
    }

    /// The handlers of the timer and of the keyboard.
    pub(crate) fn timer() {
        print(format_args!("."), true);
        PICS.lock().ended += 1;
    }

    pub(crate) fn keyboard() {
        let mut keyboard = KEYBOARD().lock();
        *keyboard += 1;
        print(format_args!("{}", *keyboard), true);
        drop(keyboard);
        PICS.lock().ended += 1;
    }

    pub(crate) fn init() {
        IRQS.set(false);
        let _ = IDT();
        PICS.lock().ended = 0; // initialised before interrupts are on
        IRQS.set(true);
        x86_64::without_interrupts(|| SERIAL1().lock().push_str("[ok]"));
    }
}

#[test]
fn blog_os_is_silent_until_it_prints_with_interrupts_on() {
    let _turn = begin();
    blog_os::init();
    for _ in 0..3 {
        blog_os::print(format_args!("Hello"), true);
        interrupt(blog_os::timer);
        interrupt(blog_os::keyboard);
    }
    assert_eq!((hooks::first_finding(), context().depth()), (None, 0));
    blog_os::print(format_args!("It did not crash!"), false);
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent), "the timer prints while `println!` has WRITER");
    assert!(the_report().contains("IN-HARDIRQ-W"), "{}", the_report());
}

mod moros {
    use super::*;
    use lock_api_04::Mutex as ApiMutex;
    use lockdep::spin::mutex::Mutex;
    use lockdep::spin::once::Once;

    /// `spinning_top::Spinlock`, over our raw lock: `linked_list_allocator::LockedHeap` is one.
    type Spinlock<T> = ApiMutex<spin::Mutex<()>, T>;

    pub(crate) struct Heap {
        left: usize,
    }

    pub(crate) struct LockedHeap(Spinlock<Heap>);

    impl LockedHeap {
        const fn empty() -> LockedHeap {
            LockedHeap(Spinlock::new(Heap { left: 0 }))
        }

        pub(crate) fn init(&self, size: usize) {
            self.0.lock().left = size;
        }

        pub(crate) fn alloc(&self, size: usize) -> bool {
            let mut heap = self.0.lock();
            let left = heap.left.checked_sub(size);
            heap.left = left.unwrap_or(heap.left);
            left.is_some()
        }
    }

    /// The frames have a lock of that kind too, and the heap grows under its own.
    pub(crate) static ALLOCATOR: LockedHeap = LockedHeap::empty();
    static FRAMES: Spinlock<u32> = Spinlock::new(0);
    static PHYS_MEM_OFFSET: Once<u64> = Once::new();
    static STDIN: Mutex<String> = Mutex::new(String::new());

    lazy_static! {
        static ref PROCESS_TABLE: spin::RwLock<Vec<u32>> = spin::RwLock::new(vec![*MAX_PROCS()]);
        static ref MAX_PROCS: u32 = 2;
        static ref IRQ_HANDLERS: Mutex<[fn(); 16]> = Mutex::new([default_irq_handler; 16]);
    }

    fn default_irq_handler() {}

    /// As MOROS has it: the guard lives to the end of the function.
    macro_rules! irq_handler {
        ($handler:ident, $irq:expr) => {
            pub(crate) fn $handler() {
                let handlers = IRQ_HANDLERS().lock();
                handlers[$irq]();
            }
        };
    }
    irq_handler!(irq0_handler, 0);
    irq_handler!(irq1_handler, 1);

    fn set_irq_handler(irq: u8, handler: fn()) {
        x86_64::without_interrupts(|| IRQ_HANDLERS().lock()[usize::from(irq)] = handler);
    }

    fn keyboard() {
        STDIN.lock().push('a');
    }

    /// The bug: a handler that allocates, by the lock that every task takes with interrupts on.
    pub(crate) fn keyboard_that_allocates() {
        assert!(ALLOCATOR.alloc(1));
        keyboard();
    }

    pub(crate) fn set_keyboard(handler: fn()) {
        set_irq_handler(1, handler);
    }

    pub(crate) fn init() {
        IRQS.set(false);
        PHYS_MEM_OFFSET.call_once(|| 0x1000);
        ALLOCATOR.init(1 << 20);
        set_irq_handler(0, default_irq_handler);
        set_keyboard(keyboard);
        IRQS.set(true);
    }

    /// A process is spawned: a frame, some heap, the table.
    pub(crate) fn spawn() {
        let mut table = PROCESS_TABLE().write();
        let mut frames = FRAMES.lock();
        *frames += 1;
        assert!(ALLOCATOR.alloc(64));
        table.push(*frames);
    }

    pub(crate) fn read_line() -> usize {
        x86_64::without_interrupts(|| STDIN.lock().len())
    }
}

#[test]
fn moros_is_silent_until_an_interrupt_takes_the_lock_of_the_heap() {
    let _turn = begin();
    moros::init();
    for _ in 0..3 {
        moros::spawn();
        interrupt(moros::irq0_handler);
        interrupt(moros::irq1_handler);
        assert!(moros::read_line() > 0);
    }
    assert_eq!((hooks::first_finding(), context().depth()), (None, 0), "{:?}", port::shown());
    moros::set_keyboard(moros::keyboard_that_allocates);
    interrupt(moros::irq1_handler);
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent), "a task may be in the heap when the key comes");
    assert!(!the_report().contains("standard library"), "{}", the_report());
}
