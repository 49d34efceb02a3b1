//! Advice for notes: what to do about misuse that no rule decides, by the words of the note.
//!
//! A note is a text, so a user's own lock may have its own; those of this crate are listed here. It prints nothing by
//! itself.

/// Returns the advice for a note, to be followed by a place; `None` if the note is not from this crate.
pub(super) fn advice(note: &str) -> Option<&'static str> {
    NOTES.iter().find(|(begin, _)| note.starts_with(begin)).map(|(_, advice)| *advice)
}

/// How each note begins, and its advice.
const NOTES: [(&str, &str); 21] = [
    ("assert_irqs_enabled", "enable interrupts before the assertion"),
    ("assert_irqs_disabled", "disable interrupts before the assertion"),
    ("releasing a pinned", "unpin the lock before it is released"),
    ("pinning an unheld", "take the lock before it is pinned"),
    ("pinning a lock too often", "unpin the lock as often as it is pinned, and at most 15 times at once"),
    ("unpinning an unheld", "unpin the lock before it is released"),
    ("unpinning an unpinned", "unpin the lock as often as it is pinned"),
    ("take_over", "call `hand_over` in the context that took the lock, before `take_over`"),
    ("leaving an interrupt", "call `enter` where the interrupt begins"),
    ("an interrupt's context", "enter each level of nesting with a context of its own"),
    (
        "the machine's interrupts are enabled",
        "call `irqs_on` before the interrupt flag is set, or `irqs_off` only after it is cleared; this is noticed",
    ),
    (
        "the machine's interrupts are disabled",
        "call `irqs_off` after the interrupt flag is cleared, or `irqs_on` only before it is set; this is noticed",
    ),
    ("done twice", "take all mutexes, then call `done` once; the second call is"),
    ("the context ends", "release all mutexes of the context before it ends"),
    ("a mutex of another class", "give the mutex and its context one `WwClass`"),
    ("a mutex taken after done", "begin a new context for a mutex that is taken after `done`"),
    ("after a deadlock, another", "after `Deadlock`, take the contended mutex first, with `lock_slow`"),
    ("after a deadlock, the contended", "after `Deadlock`, release all mutexes before `lock_slow`"),
    ("lock_slow without", "take the mutex with `lock`"),
    ("a free mutex", "find what overwrites the mutex; it is noticed"),
    ("a mutex released", "find the guard that is dropped twice, or what overwrites the mutex; it is noticed"),
];
