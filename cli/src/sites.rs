//! Sites that stand for lines of a trace.
//!
//! The validator wants a `Site` for every event, and only the compiler makes one. `build.rs` has it make one for each of
//! some thousand lines; line N of the generated file stands for line N of a trace, and when a report is printed its path
//! and line are turned into the trace's.
//!
//! Invariant: a site that has no line of its own names no line, rather than a wrong one.

use lockdep::Site;

include!(concat!(env!("OUT_DIR"), "/sites.rs"));

/// The site of line `line` of a trace, 0 for its first. The lines beyond those that can be told apart share the last.
pub fn of_line(line: usize) -> Site {
    SITES.get(line).copied().unwrap_or(SITES[SITES.len() - 1])
}

/// A text with its sites as `FILE:LINE`, for a trace that begins at line `first` of `file`.
pub fn in_trace(text: &str, file: &str, first: usize) -> String {
    let first_site = SITES[0].to_string();
    let marker = first_site.trim_end_matches(|c: char| c.is_ascii_digit()); // the column, and then the line
    let marker = marker.trim_end_matches(':').trim_end_matches(|c: char| c.is_ascii_digit());
    let mut parts = text.split(marker);
    let mut out = String::from(parts.next().unwrap_or_default());
    for part in parts {
        let (generated, rest) = number(part);
        let (_column, rest) = number(rest.strip_prefix(':').unwrap_or(rest));
        let line = generated.saturating_sub(SITES[0].0.line() as usize);
        let after = if line + 1 == SITES.len() { " or after" } else { "" };
        out.push_str(&format!("{file}:{}{after}{rest}", first + line));
    }
    out
}

/// The number that a text begins with, and what follows.
fn number(text: &str) -> (usize, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    (number.parse().unwrap_or(0), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_prints_as_the_line_of_its_trace() {
        let text = format!("at {}, then {}.", of_line(0), of_line(7));
        assert_eq!(in_trace(&text, "a.trace", 10), "at a.trace:10, then a.trace:17.");
    }

    #[test]
    fn a_line_too_far_down_is_not_passed_off_as_another() {
        let text = in_trace(&of_line(1_000_000).to_string(), "a.trace", 1);
        assert_eq!(text, format!("a.trace:{} or after", SITES.len()));
    }
}
