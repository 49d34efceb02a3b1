//! Where in the source: the line that constructs a lock, takes it, or changes a context.
//!
//! Invariant: a site is compared by what it says (file, line, column), never by its address, since the compiler may
//! keep two copies of one `Location`.

use core::fmt;
use core::panic::Location;

/// A place in the source, by the compiler's own `Location`: a report needs no symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site(pub &'static Location<'static>);

impl Site {
    /// The caller's site, through every `#[track_caller]` function in between.
    #[track_caller]
    pub const fn caller() -> Site {
        Site(Location::caller())
    }

    /// The line of what no line constructs: a constant does not know where it is used.
    pub(crate) const NOWHERE: Site = Site::caller();

    /// Whether the line is inside the standard library (`map(Mutex::new)` hands such lines on), or that of a constant.
    /// Such a site says nothing about who constructs the lock, and counts as none: a report advises a key there.
    pub fn is_in_library(self) -> bool {
        // Byte by byte, since the search of `str` can panic on paper. The library's paths are absolute.
        let file = self.0.file().as_bytes();
        if file.first() != Some(&b'/') {
            return self == Site::NOWHERE;
        }
        let sources: [&[u8]; 3] = [b"/library/core/src/", b"/library/alloc/src/", b"/library/std/src/"];
        self == Site::NOWHERE
            || file.starts_with(b"/rustc/")
            || sources.iter().any(|part| file.windows(part.len()).any(|at| at == *part))
    }

    /// 64 bits that stand for the place: FNV-1a over file, line and column, usable at compile time.
    pub const fn hash(self) -> u64 {
        let file = self.0.file().as_bytes();
        let mut hash = FNV_OFFSET;
        let mut i = 0;
        while i < file.len() {
            hash = fnv(hash, file[i]);
            i += 1;
        }
        hash = fnv_word(hash, self.0.line());
        fnv_word(hash, self.0.column())
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

const fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(FNV_PRIME)
}

const fn fnv_word(mut hash: u64, word: u32) -> u64 {
    let bytes = word.to_le_bytes();
    let mut i = 0;
    while i < bytes.len() {
        hash = fnv(hash, bytes[i]);
        i += 1;
    }
    hash
}

/// The same hash over any bytes: for keys that are made of a name.
pub const fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = FNV_OFFSET;
    let mut i = 0;
    while i < bytes.len() {
        hash = fnv(hash, bytes[i]);
        i += 1;
    }
    hash
}

impl fmt::Display for Site {
    /// `file:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.0.file(), self.0.line(), self.0.column())
    }
}

#[cfg(test)]
mod tests {
    use super::Site;

    #[test]
    fn two_columns_of_one_line_are_two_sites() {
        let (a, b) = (Site::caller(), Site::caller());
        assert_ne!(a, b);
        assert_ne!(a.hash(), b.hash());
        assert!(!a.is_in_library());
    }

    #[test]
    fn a_line_of_the_library_is_no_site() {
        let sites: [Site; 1] = [()].map(|()| Site::caller());
        assert!(!sites[0].is_in_library(), "a closure of ours is our line");
        let through = [(); 1].map(construct);
        assert!(through[0].is_in_library(), "a function handed to the library is called from there");
    }

    #[track_caller]
    fn construct((): ()) -> Site {
        Site::caller()
    }
}
