//! What came of each case, in the words that the runner reads, and the count.

use crate::board::Board;
use crate::console;
use crate::text::Text;
use core::cell::Cell;
use core::fmt::{self, Write as _};
use lockdep::Kind;
use lockdep::critical_section::{self, Mutex};
use lockdep_proto::{Counts, Outcome, Word};

static COUNTS: Mutex<Cell<Counts>> = Mutex::new(Cell::new(Counts { passed: 0, failed: 0, skipped: 0 }));

/// The name of a verdict, or of none.
pub(crate) fn verdict(kind: Option<Kind>) -> &'static str {
    kind.map_or("ok", Kind::verdict)
}

/// Judges a case that came to `got`; returns whether that is right.
pub(crate) fn case<B: Board>(name: &dyn fmt::Display, expected: &str, got: &str) -> bool {
    let passed = expected == got;
    let outcome = if passed { Outcome::Ok } else { Outcome::Failed { expected, got } };
    critical_section::with(|section| {
        let counts = COUNTS.borrow(section);
        let mut now = counts.get();
        now.add(outcome);
        counts.set(now);
    });
    let mut text = Text::<80>::new();
    // A name that is too long is cut, and the runner will not know it.
    let _ = write!(text, "{name}");
    console::word::<B>(&Word::Case { name: text.as_str(), outcome });
    passed
}

/// Prints how often something was done.
pub(crate) fn times<B: Board>(name: &str, value: usize) {
    console::word::<B>(&Word::Figure { name, value: value as u64, unit: "times" });
}

/// Prints how many cases went which way; nothing is printed after it. Returns whether all passed.
pub(crate) fn end<B: Board>() -> bool {
    let counts = critical_section::with(|section| COUNTS.borrow(section).get());
    console::word::<B>(&Word::End(counts));
    counts.failed == 0
}
