//! Whatever is displayed parses back, and nothing else parses.

extern crate std;
use super::*;
use std::fmt::Write as _;
use std::string::{String, ToString as _};

const ALL: [Word<'static>; 9] = [
    Word::Begin { board: "q35-x86_64", smp: 2, plan: 22 },
    Word::Case { name: "basic-A-A-deadlock-spin", outcome: Outcome::Ok },
    Word::Case { name: "irq/12", outcome: Outcome::Failed { expected: "circular", got: "none" } },
    Word::Case { name: "abba", outcome: Outcome::Skipped { reason: "no second CPU: the firmware refuses" } },
    Word::ReportBegin { name: "abba" },
    Word::ReportEnd { name: "abba" },
    Word::Figure { name: "static-memory", value: u64::MAX, unit: "bytes" },
    Word::End(Counts { passed: 10, failed: 0, skipped: 3 }),
    Word::End(Counts { passed: 0, failed: usize::MAX, skipped: 0 }),
];

#[test]
fn what_is_displayed_parses_back() {
    for word in ALL {
        let line = word.to_string();
        assert!(line.starts_with("@lockdep "), "{line}");
        assert_eq!(Word::parse(&line), Some(Ok(word)), "{line}");
    }
}

#[test]
fn a_line_without_the_mark_is_free_text() {
    for line in ["", "  | spin |  ok  |", "case abba ok", "lockdep begin", "@lock dep"] {
        assert_eq!(Word::parse(line), None, "{line}");
    }
}

#[test]
fn a_word_that_is_cut_short_is_refused_or_another_value() {
    for word in ALL {
        let line = word.to_string();
        for end in MARK.len()..line.len() {
            assert_ne!(Word::parse(&line[..end]), Some(Ok(word)), "{}", &line[..end]);
        }
    }
}

#[test]
fn malformed_words_are_refused() {
    for line in [
        "@lockdep",
        "@lockdep ",
        "@lockdep:",
        "@lockdepbegin board=b smp=1 plan=1",
        " @lockdep case a ok",
        "[0.1] @lockdep case a ok",
        "@lockdep case a ok@lockdep case b ok",
        "@lockdep  case a ok",
        "@lockdep case  ok",
        "@lockdep case a",
        "@lockdep case a OK",
        "@lockdep case a ok ",
        "@lockdep case a ok really",
        "@lockdep case a failed",
        "@lockdep case a failed expected=circular",
        "@lockdep case a failed expected= got=none",
        "@lockdep case a failed got=none expected=circular",
        "@lockdep case a failed expected=circular got=none more",
        "@lockdep case a skipped",
        "@lockdep case a skipped reason=",
        "@lockdep case a skipped reason=  ",
        "@lockdep case a skipped because",
        "@lockdep begin board=b smp=1",
        "@lockdep begin smp=1 board=b plan=1",
        "@lockdep begin board=b smp=one plan=1",
        "@lockdep begin board=b smp=1 plan=-1",
        "@lockdep begin board=b smp=1 plan=+1",
        "@lockdep begin board=b smp=01 plan=1",
        "@lockdep begin board=b smp=1 plan=99999999999999999999999",
        "@lockdep report abba",
        "@lockdep report abba middle",
        "@lockdep report begin",
        "@lockdep figure bytes 1",
        "@lockdep figure bytes 1.5 KiB",
        "@lockdep end",
        "@lockdep end passed=1 failed=0",
        "@lockdep end passed=1 failed=0 skipped=",
        "@lockdep End passed=1 failed=0 skipped=0",
        "@lockdep end passed=1 failed=0 skipped=0\r",
    ] {
        assert!(matches!(Word::parse(line), Some(Err(_))), "{line}");
    }
}

#[test]
fn what_would_not_parse_back_is_not_written() {
    let refused = |word: Word<'_>| write!(String::new(), "{word}").is_err();
    assert!(refused(Word::Case { name: "two words", outcome: Outcome::Ok }));
    assert!(refused(Word::Case { name: "", outcome: Outcome::Ok }));
    assert!(refused(Word::ReportBegin { name: "line\nbreak" }));
    assert!(refused(Word::Case { name: "a", outcome: Outcome::Skipped { reason: "two\nlines" } }));
    assert!(refused(Word::Case { name: "a", outcome: Outcome::Failed { expected: "", got: "x" } }));
    assert!(refused(Word::Figure { name: "a", value: 1, unit: "@lockdep" }));
}
