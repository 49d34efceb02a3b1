//! How a lock that was announced is waited for. With statistics (feature `stat`) it is tried first, so that a wait is known
//! from a lock that was free; without them it is just waited for, as the lock inside does it.

/// With statistics.
#[cfg(feature = "stat")]
mod counted {
    use super::super::tracker::Token;
    use crate::stat;

    impl Token<'_> {
        /// Takes the lock inside: with `try_lock` if it is free, otherwise with `lock`, which waits.
        #[inline(always)]
        pub fn wait<G>(self, try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            match try_lock() {
                Some(guard) => guard,
                None => self.wait_long(lock),
            }
        }

        #[cold]
        #[inline(never)]
        fn wait_long<G>(self, lock: impl FnOnce() -> G) -> G {
            stat::contended(self.map());
            let guard = lock();
            stat::acquired(self.map());
            guard
        }
    }
}

/// Without.
#[cfg(not(feature = "stat"))]
mod uncounted {
    use super::super::tracker::Token;

    impl Token<'_> {
        /// Takes the lock inside with `lock`, which waits.
        #[inline(always)]
        pub fn wait<G>(self, _try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            lock()
        }
    }
}
