//! A `use` line is the whole change: one source, compiled with `spin` and with what stands for it here, and both run.

#[path = "support/port/mod.rs"]
mod port;

/// With `spin` itself: what it is compared with.
#[allow(deprecated)] // `Lazy`, which older versions have
mod bare {
    use ::spin;
    use lockdep::lock_api;
    include!("shapes/kernel.rs");
    pub(crate) mod kinds {
        use super::{lock_api, spin};
        include!("shapes/kinds.rs");
    }
}

/// With the tracked locks.
mod tracked {
    use lockdep::{lock_api, spin};
    include!("shapes/kernel.rs");
    pub(crate) mod kinds {
        use super::{lock_api, spin};
        include!("shapes/kinds.rs");
    }
}

#[test]
fn what_kernels_write_with_spin_works_unchanged() {
    bare::boot();
    bare::kinds::boot();
    let _turn = port::begin();
    tracked::boot();
    tracked::kinds::boot();
    assert_eq!(lockdep::hooks::first_finding(), None, "{:?}", port::shown());
    assert_eq!(port::context().depth(), 0);
    assert!(lockdep::hooks::occupancy().classes.used > 10, "all of it was seen");
    assert_eq!(bare::both_queues(), tracked::both_queues());
    assert_eq!(lockdep::hooks::first_finding(), Some(lockdep::Kind::Recursive), "two of one class");
    assert!(port::the_report().contains("tests/shapes/kernel.rs:"), "{}", port::the_report());
}
