//! Taking out of a report what differs from run to run and from board to board, so that the rest can be compared.
//!
//! A table of patterns, applied in order. What is not in it stays as it is: usage marks, `#0:`, `{2:2}`, the columns
//! `CPU0 CPU1` of a scenario and the paths of our own sources are what a report says.

use regex_lite::Regex;
use std::sync::LazyLock;

/// What is looked for, what is put there instead, and why it varies.
const RULES: &[(&str, &str, &str)] = &[
    (r"\blockdep \d+\.\d+\.\d+[^\s,]*", "lockdep X.Y.Z", "a release of our own"),
    (r"[^\s:()]*/registry/src/[^/\s]+/([\w-]+?)-\d+\.\d[^/\s]*/", "REGISTRY/$1/", "where cargo keeps a dependency"),
    (r"/[^\s:()]*/library/(core|alloc|std)/", "RUST/$1/", "where the sources of core were when it was built"),
    (r"\.rs:\d+:\d+", ".rs:LINE:COL", "an edit above"),
    (r"\.rs:\d+", ".rs:LINE", "an edit above"),
    (r"\b0x[0-9a-fA-F]+\b", "ADDR", "where things are linked and put"),
    (r"\b[0-9a-f]{8,16}\b", "ADDR", "the same, as Linux writes it"),
    (r"\[ *\d+\.\d{3,}\]", "[TIME]", "when it happened"),
    (r"\b\d+(?:\.\d+)? ?(ns|us|µs|ms|s|ticks?)\b", "N $1", "how long it took"),
    (
        r"(?i)\b(cpu|pid|task|tid|irq|interrupt|tick)([:=]? |[:=]|#)\d+\b",
        "$1${2}N",
        "who ran where, and the chip's number",
    ),
    (r"\b([A-Za-z][\w.-]*(?:/\d+)?)/\d+( is | just | \[|[:.]$)", "$1/N$2", "a task's number"),
];

/// A report with everything that varies replaced, lines without white space at their end, and one newline at the end.
pub(crate) fn normalise(report: &str) -> String {
    static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let compile = |pattern| Regex::new(pattern).unwrap_or_else(|error| panic!("RULES: {pattern}: {error}"));
        RULES.iter().map(|(pattern, replacement, _)| (compile(pattern), *replacement)).collect()
    });
    let mut text = String::new();
    for line in report.trim().lines() {
        let mut line = line.trim_end().to_owned();
        for (pattern, replacement) in COMPILED.iter() {
            line = pattern.replace_all(&line, *replacement).into_owned();
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[track_caller]
    fn becomes(line: &str, expected: &str) {
        assert_eq!(normalise(line), format!("{expected}\n"));
    }

    #[test]
    fn addresses_go() {
        becomes("lock at 0x4020_0000", "lock at 0x4020_0000"); // not how an address is printed
        becomes("lock at 0x40208a10, 0xFFFF", "lock at ADDR, ADDR");
        becomes("ffffffff81acd398 (lock){+.+.}", "ADDR (lock){+.+.}");
    }

    #[test]
    fn our_own_paths_stay_readable_without_their_numbers() {
        becomes("at: qemu/kernel/src/live.rs:41:9", "at: qemu/kernel/src/live.rs:LINE:COL");
        becomes("interrupts disabled at src/clock.rs:41 as well", "interrupts disabled at src/clock.rs:LINE as well");
    }

    #[test]
    fn paths_of_this_machine_go() {
        becomes(
            "at /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/spin-0.12.1/src/mutex/spin.rs:97:9",
            "at REGISTRY/spin/src/mutex/spin.rs:LINE:COL",
        );
        becomes(
            "(/home/me/.cargo/registry/src/github.com-1ecc/lock_api-0.4.13-rc.1/src/mutex.rs:1:2)",
            "(REGISTRY/lock_api/src/mutex.rs:LINE:COL)",
        );
        becomes("/rustc/59807616e1/library/core/src/cell.rs:5:1", "RUST/core/src/cell.rs:LINE:COL");
        becomes(
            "/usr/src/rustc-1.96.0/library/core/src/ops/function.rs:250:5",
            "RUST/core/src/ops/function.rs:LINE:COL",
        );
    }

    #[test]
    fn who_ran_where_and_when_goes() {
        becomes("CPU: 1 PID: 12 task=3 on cpu 0", "CPU: N PID: N task=N on cpu N");
        becomes("swapper/0/0 is trying to acquire lock:", "swapper/0/N is trying to acquire lock:");
        becomes("1 lock held by abba-1/3:", "1 lock held by abba-1/N:");
        becomes("[    1.234567] after 12 ms, 3 ticks", "[TIME] after N ms, N ticks");
        becomes("interrupt 27", "interrupt N");
    }

    #[test]
    fn our_own_version_goes() {
        becomes("lockdep 0.1.0, CPU 0", "lockdep X.Y.Z, CPU N");
        becomes("lockdep 1.12.3-rc.1, CPU 1", "lockdep X.Y.Z, CPU N");
    }

    #[test]
    fn what_a_report_says_stays() {
        for line in [
            "(A){-.+...}-{2:2}",
            "(X#2/1){......}-{2:2}, at: RUST/core/x",
            "-> #1 (B){......}:",
            "       CPU0                    CPU1",
            " #0: (A)",
            "2 locks held",
            "inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.",
            "[HC1[1]:SC0[0]:HE0:SE1] takes:",
        ] {
            becomes(line, line.trim());
        }
    }

    #[test]
    fn white_space_at_the_ends_does_not_count() {
        assert_eq!(normalise("\n\na  \r\n\n b\t\n\n"), "a\n\n b\n");
        assert_eq!(normalise(" \n"), "");
    }
}
