//! Sites: lines of the source that construct a lock, acquire it, or change a context.
//!
//! Invariants:
//! - Sites are compared by content (file, line, column), never by address, since the compiler may keep two copies of
//!   one `Location`.
//! - What is hashed, shown and accepted is the path from the crate's own directory on ([`CratePath`]): no part of it
//!   depends on where the sources are on this machine.
//!
//! What it does not do: resolve symbols or read files.

use core::fmt;
use core::panic::Location;

/// A place in the source, as the compiler's own `Location`: reports need no debug symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site(pub &'static Location<'static>);

impl Site {
    /// The caller's site, through every `#[track_caller]` function in between.
    #[track_caller]
    pub const fn caller() -> Site {
        Site(Location::caller())
    }

    /// For locks that no line constructs: a constant does not know where it is used.
    pub(crate) const NOWHERE: Site = Site::caller();

    /// The path from the crate's own directory on.
    pub(crate) const fn path(self) -> CratePath {
        CratePath::of(self.0.file())
    }

    /// Returns whether the line is inside the standard library (`map(Mutex::new)` passes such lines on), or that of a
    /// constant. Such a site does not identify who constructs the lock, and counts as none: a report advises a key
    /// there.
    pub(crate) fn is_in_library(self) -> bool {
        // The library's paths are absolute.
        let file = self.0.file().as_bytes();
        self == Site::NOWHERE || is_absolute(file) && is_of_library(file)
    }

    /// 64 bits that represent the place: FNV-1a over path, line and column, usable at compile time. The same on every
    /// machine, and for every path separator.
    pub const fn hash(self) -> u64 {
        let (name, rest) = self.path().parts();
        let mut hash = FNV_OFFSET;
        if !name.is_empty() {
            hash = fnv(fnv_path(hash, name), b'/');
        }
        hash = fnv_word(fnv_path(hash, rest), self.0.line());
        fnv_word(hash, self.0.column())
    }
}

/// A file's path from its crate's own directory on.
///
/// | the compiler says | here |
/// | --- | --- |
/// | `/home/me/.cargo/registry/src/index.crates.io-0123/name-1.2.3/src/lib.rs` | `name-1.2.3/src/lib.rs` |
/// | `/home/me/.cargo/git/checkouts/name-0123/4567/kernel/src/lib.rs` | `name/kernel/src/lib.rs` |
/// | `/home/me/proj/target/debug/build/name-0123/out/made.rs` | `name/made.rs` |
/// | `/home/me/proj/driver/src/uart.rs`: a path dependency outside of the workspace | `driver/src/uart.rs` |
/// | `/rustc/0123/library/core/src/cell.rs` | `core/src/cell.rs` |
/// | `qemu/kernel/src/live.rs`: a crate of the workspace | the same |
///
/// A relative path is already the same on every machine: it begins at the root of the workspace. It is not shortened,
/// since two crates of a workspace may be in directories of one name. For the same reason a path dependency counts with
/// the name of its directory: two checkouts of it under different names differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CratePath {
    file: &'static str,
    /// The bytes of a name in the file's path that is shown before the rest: from where to where. Empty: none.
    name: (usize, usize),
    /// Where the rest begins.
    rest: usize,
}

impl CratePath {
    const fn of(file: &'static str) -> CratePath {
        let bytes = file.as_bytes();
        if !is_absolute(bytes) {
            return CratePath { file, name: (0, 0), rest: 0 };
        }
        if let Some(index) = after(bytes, b"/registry/src/")
            && let Some(rest) = next_part(bytes, index)
        {
            return CratePath { file, name: (0, 0), rest };
        }
        if let Some(name) = after(bytes, b"/git/checkouts/")
            && let Some(revision) = next_part(bytes, name)
            && let Some(rest) = next_part(bytes, revision)
        {
            return CratePath { file, name: (name, without_hash(bytes, name, revision - 1)), rest };
        }
        if let Some(rest) = after(bytes, b"/out/")
            && let Some(name) = after(bytes, b"/build/")
            && let Some(out) = next_part(bytes, name)
            && out <= rest
        {
            return CratePath { file, name: (name, without_hash(bytes, name, out - 1)), rest };
        }
        CratePath { file, name: (0, 0), rest: crate_directory(bytes) }
    }

    /// Returns the name before the rest, if there is one, and the rest.
    pub(crate) const fn parts(self) -> (&'static str, &'static str) {
        let (from, to) = self.name;
        (part(self.file, from, to), part(self.file, self.rest, self.file.len()))
    }

    /// Every separator as `/`.
    fn bytes(self) -> impl DoubleEndedIterator<Item = u8> {
        let (name, rest) = self.parts();
        let between = if name.is_empty() { "" } else { "/" };
        let parts = name.bytes().chain(between.bytes()).chain(rest.bytes());
        parts.map(|byte| if is_separator(byte) { b'/' } else { byte })
    }

    /// Returns whether it ends in `end`, which must be whole names, with either separator.
    pub(crate) fn ends_with(self, end: &[u8]) -> bool {
        let mut own = self.bytes().rev();
        let is_end = end.iter().rev().all(|&byte| own.next() == Some(if is_separator(byte) { b'/' } else { byte }));
        is_end && !end.is_empty() && matches!(own.next(), None | Some(b'/'))
    }
}

impl fmt::Display for CratePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            ("", rest) => f.write_str(rest),
            (name, rest) => write!(f, "{name}/{rest}"),
        }
    }
}

/// The bytes of a path from `from` to `to`, which are whole names.
const fn part(file: &'static str, from: usize, to: usize) -> &'static str {
    match file.split_at_checked(to) {
        Some((before, _)) => match before.split_at_checked(from) {
            Some((_, part)) => part,
            None => "",
        },
        None => "",
    }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

const fn has_separator(file: &[u8], at: usize) -> bool {
    matches!(file.split_at_checked(at), Some((_, [b'/' | b'\\', ..])))
}

/// `/…`, `\…`, `C:\…`.
const fn is_absolute(file: &[u8]) -> bool {
    matches!(file, [b'/' | b'\\', ..] | [_, b':', b'/' | b'\\', ..])
}

fn is_of_library(file: &[u8]) -> bool {
    let sources: [&[u8]; 3] = [b"/library/core/src/", b"/library/alloc/src/", b"/library/std/src/"];
    after(file, b"/rustc/") == Some(b"/rustc/".len()) || sources.iter().any(|part| after(file, part).is_some())
}

/// Returns whether `part`, whose separators are `/`, is in `file` at `at`.
const fn is_at(file: &[u8], at: usize, part: &[u8]) -> bool {
    let Some((_, mut file)) = file.split_at_checked(at) else { return false };
    let mut part = part;
    while let [byte, rest @ ..] = part {
        let [first, others @ ..] = file else { return false };
        if !(*first == *byte || *byte == b'/' && is_separator(*first)) {
            return false;
        }
        (file, part) = (others, rest);
    }
    true
}

/// Returns where the text after the last `part` begins.
const fn after(file: &[u8], part: &[u8]) -> Option<usize> {
    let mut at = file.len();
    while at > 0 {
        at -= 1;
        if is_at(file, at, part) {
            return Some(at + part.len());
        }
    }
    None
}

/// Returns where the next name of a path begins, if there is one.
const fn next_part(file: &[u8], mut at: usize) -> Option<usize> {
    while let Some((_, [byte, rest @ ..])) = file.split_at_checked(at) {
        at += 1;
        if is_separator(*byte) {
            return if rest.is_empty() { None } else { Some(at) };
        }
    }
    None
}

/// Returns where the name that begins at `from` ends: before the `-0123` that cargo appends.
const fn without_hash(file: &[u8], from: usize, to: usize) -> usize {
    let mut end = to;
    while let Some((before, _)) = file.split_at_checked(end)
        && let [.., last] = before
        && last.is_ascii_hexdigit()
        && end > from
    {
        end -= 1;
    }
    match file.split_at_checked(end) {
        Some(([.., b'-'], _)) if end > from + 1 && to - end >= 8 => end - 1,
        _ => to,
    }
}

/// Returns where the crate's directory begins in an absolute path of unknown kind: before the last `src`, or else
/// before the last directory of cargo's other targets, or else the file's own directory.
const fn crate_directory(file: &[u8]) -> usize {
    let known: [&[u8]; 4] = [b"/src/", b"/tests/", b"/examples/", b"/benches/"];
    let mut rest: &[&[u8]] = &known;
    while let [part, others @ ..] = rest {
        if let Some(at) = after(file, part) {
            return part_before(file, at - part.len());
        }
        rest = others;
    }
    let mut at = file.len();
    while at > 0 {
        at -= 1;
        if has_separator(file, at) {
            return part_before(file, at);
        }
    }
    0
}

/// Returns where the name begins that ends before the separator at `end`. If there is none: after that separator.
const fn part_before(file: &[u8], end: usize) -> usize {
    let mut at = end;
    while at > 0 && !has_separator(file, at - 1) {
        at -= 1;
    }
    if at == 0 || at == end { end + 1 } else { at }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

const fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(FNV_PRIME)
}

/// Every separator counts as `/`.
const fn fnv_path(mut hash: u64, path: &str) -> u64 {
    let mut rest = path.as_bytes();
    while let [byte, others @ ..] = rest {
        hash = fnv(hash, if is_separator(*byte) { b'/' } else { *byte });
        rest = others;
    }
    hash
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
pub(crate) const fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = FNV_OFFSET;
    let mut i = 0;
    while i < bytes.len() {
        hash = fnv(hash, bytes[i]);
        i += 1;
    }
    hash
}

impl fmt::Display for Site {
    /// `path:line:column`, the path from the crate's own directory on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path(), self.0.line(), self.0.column())
    }
}

#[cfg(test)]
mod tests;
