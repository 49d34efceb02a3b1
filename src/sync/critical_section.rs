//! `critical_section::with`, tracked: the same name and arguments, so that a `use` line is the whole change. Its twin for
//! builds without the feature `validate` is `critical_section/off.rs`.
//!
//! A critical section keeps interrupts out, so for the validator it is interrupts disabled, and its end restores them: what
//! is still held then is held with them enabled. Where it is a lock as well ([`Port::SECTION_IS_LOCK`]), as on several CPUs
//! and between threads, it is recorded as one: a class of its own, taken by the outermost section alone, since sections
//! nest.
//!
//! Invariants:
//! - The flag is the port's: it is saved and disabled before the section begins, and restored after it ended. So an outermost
//!   section is known by the machine, not by what the validator was told, and a flag that the implementation does not
//!   touch (that of `critical-section`'s `std`) is disabled as well.
//! - Both are undone by a drop, so also when `f` panics. The lock leaves the records before the section ends.
//!
//! What it does not do: see a section that is not begun by this function.
//!
//! [`Port::SECTION_IS_LOCK`]: crate::port::Port::SECTION_IS_LOCK

use super::irqsave::IrqSave;
use crate::hooks;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::runtime::event::Event;
pub use ::critical_section::{CriticalSection, Mutex};

/// Its wait types take no part: what bars a sleep in it is the flag, which is disabled in every section.
static SECTION: LockMap = LockMap::named("critical section", WaitTypes::NONE);

/// Runs `f` in a critical section.
#[track_caller]
#[inline]
pub fn with<R>(f: impl FnOnce(CriticalSection<'_>) -> R) -> R {
    let _irqs = IrqSave::begin();
    let lock = Outermost::begin(Site::caller());
    ::critical_section::with(move |section| {
        let _lock = lock;
        f(section)
    })
}

/// The outermost section, as a lock, until it is dropped.
struct Outermost {
    begun: Site,
}

impl Outermost {
    /// Announced before it is waited for. None in a section that this context is in.
    #[inline]
    fn begin(site: Site) -> Option<Outermost> {
        if hooks::holds(&SECTION) {
            return None;
        }
        hooks::event(Event::SectionBegin(&SECTION), site);
        Some(Outermost { begun: site })
    }
}

impl Drop for Outermost {
    #[inline]
    fn drop(&mut self) {
        hooks::event(Event::SectionEnd(&SECTION), self.begun);
    }
}
