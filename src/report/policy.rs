//! What happens after a finding: the policy of a port, the findings that it accepts, and the id of a finding.
//!
//! Plain data, and `const` throughout: a policy is a constant of the port. `engine/reporting.rs` applies it (which
//! finding counts), and `runtime/shared.rs` (when it is shown).

use crate::lock::site::Site;
use core::fmt;

/// How many findings a port can accept.
pub(crate) const ACCEPTED: usize = 64;

/// What the validator does after a finding.
///
/// ```
/// use lockdep::Policy;
/// const FOR_A_TEST_FARM: Policy = Policy::ALL;
/// const FOR_A_CONSOLE_THAT_MAY_SLEEP: Policy = Policy::ALL.queued();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    then: Then,
    queued: bool,
}

/// What follows a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Silence,
    More,
    Halt,
}

impl Policy {
    /// The first finding is reported, and then the rules are silent, as in Linux. Holds are still recorded, and dumps
    /// and counts still work.
    pub const FIRST: Policy = Policy { then: Then::Silence, queued: false };
    /// Every finding is reported, each once by its [`FindingId`].
    pub const ALL: Policy = Policy { then: Then::More, queued: false };
    /// The first finding is reported, and then the port is asked to stop the machine: the last message to
    /// [`Port::show`](crate::port::Port::show) is [`Message::Halt`](crate::report::message::Message::Halt). If that
    /// returns, the rules are silent, as with [`Policy::FIRST`].
    pub const HALT: Policy = Policy { then: Then::Halt, queued: false };

    /// The same, but nothing is shown until the kernel calls [`hooks::show_pending`](crate::hooks::show_pending), where
    /// its console can be used. `show` then runs as that caller does, with interrupts as they are there, and may sleep
    /// if the caller may. Not for [`Policy::HALT`]: `port!` rejects that at compile time.
    pub const fn queued(self) -> Policy {
        Policy { queued: true, ..self }
    }

    /// Returns whether findings wait for [`hooks::show_pending`](crate::hooks::show_pending).
    pub const fn is_queued(self) -> bool {
        self.queued
    }

    /// Returns whether the rules continue after a finding.
    pub const fn goes_on(self) -> bool {
        matches!(self.then, Then::More)
    }

    /// Returns whether the port is asked to stop the machine.
    pub const fn halts(self) -> bool {
        matches!(self.then, Then::Halt)
    }
}

/// The id of a finding: 64 bits computed from its kind, its classes (their names and the lines that construct them) and
/// the lines that take part. The same in every boot, and in every build in which those lines do not move.
///
/// A cycle has one id, whichever of its dependencies closes it. A dependency counts with the lines where it first
/// occurred: if these vary from boot to boot, so does the id, and [`Accepted::sites`] is the better choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FindingId(pub u64);

impl fmt::Display for FindingId {
    /// Formats the id as a literal, for [`Accepted::id`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

/// A known finding that is accepted, with the reason: it is counted, not reported, and checking continues.
///
/// ```
/// use lockdep::Accepted;
/// const ACCEPTED: &[Accepted] = &[
///     Accepted::id(0x0123_4567_89ab_cdef, "boot only: the second CPU is not up yet"),
///     Accepted::sites("src/disk.rs:41", "src/log.rs:7", "log flushes from one thread alone"),
/// ];
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// Which finding it is.
    pub by: By,
    /// Why it is accepted. It is printed with the list.
    pub reason: &'static str,
}

/// How an accepted finding is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum By {
    /// By its id.
    Id(FindingId),
    /// By the two places that it is between, in either order.
    Sites(Place, Place),
}

impl Accepted {
    /// Accepts the finding with this id; a report prints it in its last line.
    pub const fn id(id: u64, reason: &'static str) -> Accepted {
        Accepted { by: By::Id(FindingId(id)), reason }
    }

    /// Accepts all findings between two places, each `path:line` or `path:line:column`, in either order; a report
    /// prints them in its last line. The end of the path is enough, with either separator. The part of a path that a
    /// report leaves out (where the sources are on one machine) does not match. For a finding with one place, pass it
    /// twice.
    pub const fn sites(one: &'static str, other: &'static str, reason: &'static str) -> Accepted {
        Accepted { by: By::Sites(Place::new(one), Place::new(other)), reason }
    }

    /// Returns whether this accepts a finding with that id and those ends.
    pub(crate) fn is_of(&self, id: FindingId, ends: [Option<Site>; 2]) -> bool {
        match (self.by, ends) {
            (By::Id(own), _) => own == id,
            (By::Sites(one, other), [Some(a), Some(b)]) => {
                one.is_at(a) && other.is_at(b) || one.is_at(b) && other.is_at(a)
            }
            (By::Sites(..), _) => false,
        }
    }

    const fn is_readable(&self) -> bool {
        match &self.by {
            By::Id(_) => true,
            By::Sites(one, other) => one.line > 0 && other.line > 0,
        }
    }
}

/// Returns whether all places have a line: `port!` checks that at compile time.
pub(crate) const fn are_readable(accepted: &[Accepted]) -> bool {
    let mut rest = accepted;
    while let [first, others @ ..] = rest {
        if !first.is_readable() {
            return false;
        }
        rest = others;
    }
    true
}

/// A place as a person writes it: the end of a path, a line, and optionally a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    text: &'static str,
    /// The length of the path in the text.
    path: usize,
    /// 0 if the text has no line; then it matches no site.
    line: u32,
    /// 0 matches any column.
    column: u32,
}

impl Place {
    /// Reads `path:line` or `path:line:column`.
    const fn new(text: &'static str) -> Place {
        let (before, last) = number_at_end(text.as_bytes());
        let (path, number) = number_at_end(before);
        match (last, number) {
            (0, _) => Place { text, path: text.len(), line: 0, column: 0 },
            (line, 0) => Place { text, path: before.len(), line, column: 0 },
            (column, line) => Place { text, path: path.len(), line, column },
        }
    }

    fn is_at(&self, site: Site) -> bool {
        let path = self.text.as_bytes().get(..self.path).unwrap_or_default();
        site.path().ends_with(path)
            && self.line == site.0.line()
            && (self.column == 0 || self.column == site.0.column())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Returns the number after the last colon of a text, and the text before it; 0 if there is no number.
const fn number_at_end(text: &[u8]) -> (&[u8], u32) {
    let (mut rest, mut number, mut unit) = (text, 0_u32, 1_u32);
    while let [before @ .., digit @ b'0'..=b'9'] = rest {
        number = number.saturating_add(((*digit - b'0') as u32).saturating_mul(unit));
        unit = unit.saturating_mul(10);
        rest = before;
    }
    match rest {
        [before @ .., b':'] => (before, number),
        _ => (text, 0),
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            By::Id(id) => write!(f, "{id}: {}", self.reason),
            By::Sites(one, other) => write!(f, "{one} and {other}: {}", self.reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: FindingId = FindingId(7);

    #[test]
    fn an_id_is_a_literal() {
        assert_eq!(FindingId(0xabc).to_string(), "0x0000000000000abc");
        assert!(Accepted::id(7, "").is_of(ID, [None, None]));
        assert!(!Accepted::id(8, "").is_of(ID, [None, None]));
    }

    #[test]
    fn two_places_match_in_either_order() {
        let (a, b) = (Site::caller(), Site::caller());
        let here = |column: &str| format!("policy.rs:{}{column}", a.0.line()).leak() as &'static str;
        let column = format!(":{}", b.0.column());
        let accepted = Accepted::sites(here(""), here(&column), "");
        assert!(accepted.is_of(ID, [Some(a), Some(b)]) && accepted.is_of(ID, [Some(b), Some(a)]));
        assert!(!accepted.is_of(ID, [Some(a), Some(a)]), "one of them must be at the column");
        assert!(!accepted.is_of(ID, [Some(b), None]), "a place that is not known is none");
    }

    #[test]
    fn the_end_of_a_path_is_whole_names() {
        let site = Site::caller();
        let line = site.0.line();
        for (text, is_at) in [
            (format!("src/report/policy.rs:{line}"), true),
            (format!("policy.rs:{line}"), true),
            (format!("olicy.rs:{line}"), false),
            (format!("policy.rs:{}", line + 1), false),
            ("policy.rs".into(), false),
            ("policy.rs:99999999999999999999".into(), false),
        ] {
            assert_eq!(Place::new(text.clone().leak()).is_at(site), is_at, "{text}");
        }
    }

    #[test]
    fn a_place_without_a_line_is_seen_at_compile_time() {
        const GOOD: &[Accepted] = &[Accepted::id(1, ""), Accepted::sites("a.rs:1", "b.rs:2:3", "")];
        const BAD: &[Accepted] = &[Accepted::sites("a.rs:1", "b.rs", "")];
        const { assert!(are_readable(GOOD) && !are_readable(BAD)) };
    }
}
