//! What the documents quote, compared with what it is quoted from.
//!
//! A comment comes right before what it is about:
//! - `<!-- quote: golden NAME -->` before a fenced block: lines of `tests/golden/boot/NAME.txt`;
//! - `<!-- quote: page PATH -->` before a fenced block: lines of another page, whose outputs a test compares itself;
//! - `<!-- quote: boot RUN -->` before a fenced block: lines of a boot's log, whose name is the block's first line;
//! - `<!-- figures: BOARD NAME, … -->` before a paragraph: it has each of these figures of the baseline;
//! - `<!-- functions: FOLDER -->` before a fenced block: each line begins with a function and the file that has it.
//!
//! In a table with a column `name` the cells of the columns `aarch64` and `x86-64` are figures of the baseline, too.
//! Quotes are compared after normalising, as golden texts are; `...` alone on a line stands for any number of lines,
//! `…` in a line for some of it. The tests below check the files; `boot` hands its logs to [`not_in_log`].

use crate::normalise::normalise;
use crate::process::root;
use anyhow::{Context as _, Result};

/// The documents that quote.
const PAGES: &[&str] = &["README.md", "CONTRIBUTING.md", "docs/cost.md", "docs/design.md", "docs/reading.md"];

/// A block or a paragraph with a comment before it.
#[derive(Debug, PartialEq)]
struct Marked {
    page: &'static str,
    /// The line of the comment, from 1.
    line: usize,
    /// The rest of the comment after `quote: ` or `figures: `.
    what: String,
    text: String,
}

/// What is marked by this word, on all pages.
fn marked(word: &str) -> Result<Vec<Marked>> {
    let mut found = Vec::new();
    for page in PAGES {
        let text = std::fs::read_to_string(root().join(page)).with_context(|| format!("{page} cannot be read"))?;
        found.extend(marked_on(page, &text, word));
    }
    Ok(found)
}

fn marked_on(page: &'static str, text: &str, word: &str) -> Vec<Marked> {
    let (mut found, mut lines) = (Vec::new(), text.lines().enumerate());
    while let Some((index, line)) = lines.next() {
        let what = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
        let Some(what) = what.and_then(|what| what.strip_prefix(word)?.strip_prefix(": ")) else { continue };
        let first = lines.next().map_or("", |(_, line)| line);
        let is_end = |line: &str| if first.starts_with("```") { line == "```" } else { line.is_empty() };
        let mut block: Vec<&str> = if first.starts_with("```") { Vec::new() } else { vec![first] };
        block.extend(lines.by_ref().map(|(_, line)| line).take_while(|line| !is_end(line)));
        found.push(Marked { page, line: index + 1, what: what.to_owned(), text: block.join("\n") });
    }
    found
}

/// What is quoted from this run and is not in its log, a line each.
pub(crate) fn not_in_log(run: &str, log: &str) -> Result<Vec<String>> {
    let log = format!("-- {run}\n{log}");
    let of_run = marked("quote")?.into_iter().filter(|quote| quote.what.strip_prefix("boot ") == Some(run));
    let missing = |quote: Marked| {
        let line = missing(&quote.text, &log)?;
        Some(format!("{}:{}: quotes what this run does not print: {line}", quote.page, quote.line))
    };
    Ok(of_run.filter_map(missing).collect())
}

/// The first line of a quote that the source does not have where it should.
fn missing(quote: &str, source: &str) -> Option<String> {
    let (quote, source) = (normalise(quote), normalise(source));
    let (quote, source): (Vec<&str>, Vec<&str>) = (quote.lines().collect(), source.lines().collect());
    let mut rest = &source[..];
    let mut parts = quote.split(|line| *line == "...").filter(|part| !part.is_empty()).peekable();
    if parts.peek().is_none() {
        return Some("nothing is quoted".to_owned());
    }
    for part in parts {
        // From each line on, how many lines are as quoted.
        let fits =
            |start: usize| rest[start..].iter().zip(part).take_while(|(line, quoted)| is_like(line, quoted)).count();
        let best = (0..rest.len()).map(fits).max().unwrap_or(0);
        match (0..rest.len()).find(|start| fits(*start) == part.len()) {
            Some(start) => rest = &rest[start + part.len()..],
            None => return part.get(best).map(|line| (*line).to_owned()),
        }
    }
    None
}

/// Whether a line is as quoted: `…` stands for some of it.
fn is_like(line: &str, quoted: &str) -> bool {
    match quoted.split_once('…') {
        Some((first, last)) => line.strip_prefix(first).is_some_and(|rest| rest.ends_with(last)),
        None => line == quoted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{self, Figure};

    /// The compiler whose figures the documents state.
    const COMPILER: &str = "1.95.0-rustup";
    /// The columns of figures in tables.
    const BOARDS: [(&str, &str); 2] = [("aarch64", "virt-aarch64"), ("x86-64", "q35-x86_64")];

    fn figures() -> Vec<Figure> {
        baseline::read(COMPILER).expect("the baseline can be read").expect("it is there")
    }

    /// A figure as the documents write it: `1,344`.
    fn written(figures: &[Figure], board: &str, name: &str) -> String {
        let figure = figures.iter().find(|figure| (&*figure.board, &*figure.name) == (board, name));
        let digits = figure.unwrap_or_else(|| panic!("{board} has no figure {name}")).value.to_string();
        let groups: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().map(|g| str::from_utf8(g).expect("digits")).collect();
        groups.join(",")
    }

    #[test]
    fn quotes_of_golden_texts_match_them() {
        let mut seen = 0;
        for quote in marked("quote").expect("the pages can be read") {
            let Some(name) = quote.what.strip_prefix("golden ") else { continue };
            let golden = std::fs::read_to_string(root().join(format!("tests/golden/boot/{name}.txt")));
            let golden = golden.unwrap_or_else(|error| panic!("{}:{}: {name}: {error}", quote.page, quote.line));
            let missing = missing(&quote.text, &golden);
            assert_eq!(missing, None, "{}:{}: is not in golden {name}", quote.page, quote.line);
            seen += 1;
        }
        assert!(seen > 0, "docs/reading.md quotes a report");
    }

    #[test]
    fn quotes_of_pages_are_there() {
        for quote in marked("quote").expect("the pages can be read") {
            let Some(path) = quote.what.strip_prefix("page ") else { continue };
            let page = std::fs::read_to_string(root().join(path)).expect("the page can be read");
            assert_eq!(missing(&quote.text, &page), None, "{}:{}: is not in {path}", quote.page, quote.line);
        }
    }

    #[test]
    fn every_quote_has_a_source_and_every_text_block_of_the_readme_a_comment() {
        let quotes = marked("quote").expect("the pages can be read");
        for quote in &quotes {
            let known = ["golden ", "boot ", "page "].iter().any(|source| quote.what.starts_with(source));
            assert!(known, "{}:{}: quotes from `{}`, which nobody knows", quote.page, quote.line, quote.what);
        }
        let readme = std::fs::read_to_string(root().join("README.md")).expect("it can be read");
        let blocks = readme.lines().filter(|line| *line == "```text").count();
        let of_readme = quotes.iter().filter(|quote| quote.page == "README.md").count();
        assert_eq!(blocks, of_readme, "each block is a quote");
    }

    #[test]
    fn paragraphs_have_the_figures_that_they_name() {
        let (figures, paragraphs) = (figures(), marked("figures").expect("the pages can be read"));
        for paragraph in &paragraphs {
            for figure in paragraph.what.split(", ") {
                let (board, name) = figure.split_once(' ').expect("BOARD NAME");
                let value = written(&figures, board, name);
                let words = paragraph.text.split(|c: char| !(c.is_alphanumeric() || c == ','));
                let mut words = words.map(|word| word.trim_matches(','));
                assert!(words.any(|w| w == value), "{}:{}: {figure} is {value}", paragraph.page, paragraph.line);
            }
        }
        assert!(!paragraphs.is_empty());
    }

    #[test]
    fn tables_have_the_figures_of_the_baseline() {
        let (figures, mut seen) = (figures(), 0);
        for page in PAGES {
            let text = std::fs::read_to_string(root().join(page)).expect("a page can be read");
            let mut head: Vec<&str> = Vec::new();
            for (index, line) in text.lines().enumerate() {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                if cells.len() < 3 {
                    head.clear();
                } else if head.is_empty() {
                    head = cells;
                } else if let Some(name) = head.iter().position(|cell| *cell == "name") {
                    let Some(name) = cells[name].strip_prefix('`').and_then(|name| name.strip_suffix('`')) else {
                        continue;
                    };
                    for (column, board) in BOARDS {
                        let column = head.iter().position(|cell| *cell == column).expect("a column for each board");
                        assert_eq!(
                            cells[column],
                            written(&figures, board, name),
                            "{page}:{}: {board} {name}",
                            index + 1
                        );
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen >= 20, "only {seen} figures were seen: has docs/cost.md no table with a column `name` any more?");
    }

    #[test]
    fn functions_are_where_the_documents_say() {
        let blocks = marked("functions").expect("the pages can be read");
        let [block] = &blocks[..] else { panic!("docs/design.md has the path of an acquire") };
        for line in block.text.lines() {
            let mut words = line.split_whitespace();
            let (Some(name), Some(file)) = (words.next(), words.next()) else { panic!("`{line}` has no file") };
            let source = std::fs::read_to_string(root().join(&block.what).join(file));
            let source = source.unwrap_or_else(|error| panic!("{}: `{line}`: {error}", block.page));
            let is_there = ["(", "<"].iter().any(|after| source.contains(&format!("fn {name}{after}")));
            assert!(is_there, "{}: {file} has no function `{name}`", block.page);
        }
        let count = block.text.lines().count();
        assert!(count < 30, "{count} functions are more than a reader follows");
        let page = std::fs::read_to_string(root().join(block.page)).expect("it can be read");
        assert!(page.contains(&format!("{count} functions, each with its file")), "{count} functions are shown");
    }

    #[test]
    fn what_is_not_in_the_source_is_found() {
        let source = "a\nb at 0x1234\nc\nd 12 e\nf\n";
        for quote in ["a\nb at 0xabcd\nc", "b at 0x1\n...\nf", "...\nd … e\n...", "a\n...\nc\n...\nd 12 e"] {
            assert_eq!(missing(quote, source), None, "{quote}");
        }
        for (quote, line) in
            [("a\nc", "c"), ("f\n...\na", "a"), ("d … f", "d … f"), ("a\n...\nb at 0x1\nd 12 e", "d 12 e")]
        {
            assert_eq!(missing(quote, source).as_deref(), Some(line), "{quote}");
        }
        assert!(missing("", source).is_some() && missing("...", source).is_some() && missing("a", "").is_some());
    }

    #[test]
    fn blocks_and_paragraphs_are_found_by_their_comment() {
        let text = "x\n<!-- quote: golden irq -->\n```text\na\n\nb\n```\n<!-- figures: b n -->\none\ntwo\n\nthree\n```text\nz\n```\n";
        let quote = Marked { page: "p", line: 2, what: "golden irq".into(), text: "a\n\nb".into() };
        assert_eq!(marked_on("p", text, "quote"), [quote]);
        let figures = Marked { page: "p", line: 8, what: "b n".into(), text: "one\ntwo".into() };
        assert_eq!(marked_on("p", text, "figures"), [figures]);
    }
}
