//! Plain words: idioms that this crate once used in place of the field's own terms do not come back.
//!
//! Every text of the repository is read, code and names included, as words in lower case: a sentence that goes on in the next
//! line of a comment is one sentence, and `turned_away` is two words. An idiom is a sequence of them ([`RETIRED`]). What quotes
//! somebody else's words is listed in [`QUOTES`], with its reason.

use std::fs;
use std::path::Path;
use std::process::Command;

/// An idiom, and what to write. Each place has its alternatives; `*` is any word or none.
struct Retired(&'static [&'static str], &'static str);

const RETIRED: &[Retired] = &[
    Retired(&["let|lets|letting", "*", "*", "go"], "release"),
    Retired(&["give|gives|gave|given|giving", "*", "up"], "release; of a wait: stop, time out"),
    Retired(&["books"], "recorded, tracked; the holds"),
    Retired(&["say|says|said|saying|tell|tells|told", "*", "whether"], "return whether"),
    Retired(&["stand|stands|stood|standing", "!for"], "is"),
    Retired(&["at", "work"], "running inside lockdep, busy"),
    Retired(&["come|comes|came|coming", "upon"], "interrupted, found"),
    Retired(&["turn|turns|turned|turning", "away"], "rejected"),
    Retired(&["circle|circles"], "cycle"),
    Retired(&["mend|mends|mended|mending"], "fix"),
    Retired(&["anew"], "again"),
    Retired(&["of|has|have", "no", "size"], "zero-sized"),
    Retired(&["whoever|whosoever"], "the caller, the owner"),
    Retired(&["class|classes|key|keys", "go|goes|went", "!on|into|to|through|with|in|by"], "is unregistered"),
    Retired(&["second|third", "way"], "the recheck path, the new-chain path"),
    Retired(&["nothing", "*", "*", "is", "new"], "already known"),
    Retired(&["nothing", "new"], "already known"),
    Retired(&["say|says|said", "yes|no"], "is true, allows, refuses"),
];

/// Texts that quote: the path, words of the line, the reason.
const QUOTES: &[(&str, &str, &str)] =
    &[("benches/src/main.rs", "valgrind says no", "the message is about a program that says something, or does not")];

/// What is no prose of ours: the shared corpora, the licences, lock files, and this list.
fn is_read(path: &str) -> bool {
    let is_text =
        [".rs", ".md", ".toml", ".txt", ".trace", ".table", ".s", ".ld"].iter().any(|end| path.ends_with(end));
    is_text && !path.starts_with("tests/traces/") && path != "tests/words.rs"
}

/// A word, the number of its line, and the end of a sentence as the word `.`.
fn words(text: &str) -> Vec<(String, usize)> {
    let mut out = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let body = line.trim_start().trim_start_matches(['/', '!', '#', '>']);
        let mut word = String::new();
        let mut chars = body.chars().chain([' ']).peekable();
        while let Some(c) = chars.next() {
            if c.is_alphanumeric() {
                word.extend(c.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                out.push((std::mem::take(&mut word), number + 1));
            }
            let ends = matches!(c, '.' | ';' | ':' | '!' | '?' | '|' | '(' | ')' | '{' | '}');
            if ends && chars.peek().is_none_or(|next| next.is_whitespace()) {
                out.push((".".to_owned(), number + 1));
            }
        }
        if body.trim().is_empty() {
            out.push((".".to_owned(), number + 1));
        }
    }
    out
}

/// Whether the words begin with the idiom.
fn begins(words: &[(String, usize)], idiom: &[&str]) -> bool {
    let Some((first, rest)) = idiom.split_first() else { return true };
    let word = words.first().map(|(word, _)| word.as_str());
    if let Some(others) = first.strip_prefix('!') {
        return !word.is_some_and(|word| others.split('|').any(|other| other == word)) && begins(words, rest);
    }
    if *first == "*" {
        return begins(words, rest) || word.is_some_and(|word| word != ".") && begins(&words[1..], rest);
    }
    word.is_some_and(|word| first.split('|').any(|other| other == word)) && begins(&words[1..], rest)
}

fn sins(path: &str, text: &str) -> Vec<String> {
    let all = words(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for at in 0..all.len() {
        for Retired(idiom, instead) in RETIRED {
            let line = lines[all[at].1 - 1];
            let is_quote = || QUOTES.iter().any(|(file, quote, _)| *file == path && line.contains(quote));
            if begins(&all[at..], idiom) && !is_quote() {
                found.push(format!(
                    "{path}:{}: `{}`: write: {instead}\n    {}",
                    all[at].1,
                    idiom.join(" "),
                    line.trim()
                ));
            }
        }
    }
    // The whole documentation of an item.
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.trim() == "/// Nothing.") {
        found.push(format!("{path}:{}: `{}`: write: No-op: built without `validate`.", number + 1, line.trim()));
    }
    found
}

#[test]
fn retired_idioms_do_not_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(root).output();
    let Ok(listed) = listed else { return }; // a package without its repository
    let listed = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let mut found = Vec::new();
    for path in listed.lines().filter(|path| is_read(path)) {
        if let Ok(text) = fs::read_to_string(root.join(path)) {
            found.extend(sins(path, &text));
        }
    }
    assert!(found.is_empty(), "{} idioms that were retired:\n{}", found.len(), found.join("\n"));
}

#[test]
fn an_idiom_is_seen_over_the_end_of_a_line_and_in_a_name() {
    let is = |text: &str| !sins("x.rs", text).is_empty();
    assert!(is("/// The lock is let\n    /// go here."));
    assert!(is("fn turned_away() {}") && is("give_up_chains()") && is("it is on the books") && is("what stands in it"));
    assert!(is("/// Says whether it was.") && is("which says, whether it was") && is("    /// Nothing."));
    assert!(!is("what stands for it"));
    assert!(!is("let x = 1;\n// Go on.") && !is("the class goes on") && !is("a cycle, fixed again"));
}
