//! Sites that are written on one CPU and read on others.
//!
//! Invariant: the pointer in a cell is null, or came from a `Site`, which lives for ever. So what is read can be
//! followed at any time, on any CPU.
//!
//! What it does not do: order anything. The atomics are those of `core`, also under `--cfg loom`.
//!
//! `unsafe` is here to make a reference of the pointer again: there is no atomic reference.
#![allow(unsafe_code)]

use crate::atomic::relaxed::Own;
use crate::lock::site::Site;
use core::panic::Location;
use core::ptr;
use core::sync::atomic::AtomicPtr;

/// A site that several CPUs write.
#[cfg(feature = "stat")]
mod shared {
    use super::{pointer, unmarked};
    use crate::lock::site::Site;
    use core::panic::Location;
    use core::ptr;
    use core::sync::atomic::{AtomicPtr, Ordering};

    /// A site, or none.
    #[derive(Debug)]
    pub(crate) struct SiteCell(AtomicPtr<Location<'static>>);

    impl SiteCell {
        /// No site.
        pub(crate) const fn new() -> SiteCell {
            SiteCell(AtomicPtr::new(ptr::null_mut()))
        }

        #[inline(always)]
        pub(crate) fn set(&self, site: Option<Site>) {
            self.0.store(pointer(site), Ordering::Relaxed);
        }

        #[inline(always)]
        pub(crate) fn get(&self) -> Option<Site> {
            unmarked(self.0.load(Ordering::Relaxed))
        }

        /// Sets the site if there is none. Returns whether it is `site` now, compared by address.
        pub(crate) fn claim(&self, site: Site) -> bool {
            let site = pointer(Some(site));
            match self.0.compare_exchange(ptr::null_mut(), site, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => true,
                Err(other) => other == site,
            }
        }
    }
}

#[cfg(feature = "stat")]
pub(crate) use shared::SiteCell;

/// A site that one CPU writes, in a context: it loads as from a cell, and any CPU may read it.
#[derive(Debug)]
pub(crate) struct OwnSite(Own<AtomicPtr<Location<'static>>>);

/// A mark on a site, in the lowest bit of the address, which is 0 in every `Location`'s.
const MARK: usize = 1;
const _: () = assert!(align_of::<Location<'static>>() > MARK);

impl OwnSite {
    /// No site, no mark.
    pub(crate) const fn new() -> OwnSite {
        OwnSite(Own::<AtomicPtr<_>>::new(ptr::null_mut()))
    }

    /// Sets the site, without a mark.
    #[inline(always)]
    pub(crate) fn set(&self, site: Option<Site>) {
        self.0.set(pointer(site));
    }

    /// Returns the site, which was never marked, on the owner's CPU.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<Site> {
        unmarked(self.0.get())
    }

    /// Returns the site, which was never marked, on any CPU.
    pub(crate) fn load(&self) -> Option<Site> {
        unmarked(self.0.load())
    }

    /// Marks the site.
    pub(crate) fn mark(&self) {
        self.0.set(self.0.get().map_addr(|address| address | MARK));
    }

    /// Copies site and mark of another cell, on the CPU that owns both.
    pub(crate) fn copy_from(&self, other: &OwnSite) {
        self.0.set(other.0.get());
    }

    /// Returns the site, and whether it is marked, on any CPU.
    pub(crate) fn load_marked(&self) -> (Option<Site>, bool) {
        let pointer = self.0.load();
        (unmarked(pointer.map_addr(|address| address & !MARK)), pointer.addr() & MARK != 0)
    }
}

/// The site of a pointer that came from [`pointer`].
#[inline(always)]
fn unmarked(pointer: *mut Location<'static>) -> Option<Site> {
    // SAFETY: it is null, or came from a `&'static Location`: the fields are private, and nothing else is stored. Setting
    // and clearing the mark keeps the pointer's provenance, and a marked one is cleared before.
    unsafe { pointer.as_ref() }.map(Site)
}

fn pointer(site: Option<Site>) -> *mut Location<'static> {
    site.map_or(ptr::null_mut(), |site| ptr::from_ref(site.0).cast_mut())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "stat")]
    fn a_place_for_a_site_is_claimed_once() {
        let cell = SiteCell::new();
        let (a, b) = (Site::caller(), Site::caller());
        assert_eq!(cell.get(), None);
        assert!(cell.claim(a) && cell.claim(a) && !cell.claim(b));
        assert_eq!(cell.get(), Some(a));
        cell.set(None);
        assert_eq!(cell.get(), None);
    }

    #[test]
    fn a_mark_is_for_one_site() {
        let (cell, copy) = (OwnSite::new(), OwnSite::new());
        let site = Site::caller();
        assert_eq!((cell.get(), cell.load(), cell.load_marked()), (None, None, (None, false)));
        cell.mark();
        assert_eq!(cell.load_marked(), (None, true));
        cell.set(Some(site));
        assert_eq!((cell.get(), cell.load(), cell.load_marked()), (Some(site), Some(site), (Some(site), false)));
        cell.mark();
        copy.copy_from(&cell);
        assert_eq!((cell.load_marked(), copy.load_marked()), ((Some(site), true), (Some(site), true)));
    }
}
