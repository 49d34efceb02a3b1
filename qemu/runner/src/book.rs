//! The book: the pages of the repository, made by mdbook, and no link that leads nowhere.
//!
//! Invariant: a page is written once, and its links work on GitHub, in rustdoc and in the book. So the book's sources are
//! copies, each at its own path, of all that the pages link to, and the table of contents is `docs/SUMMARY.md` with its
//! paths taken from the root. Nothing is included, nothing rewritten.

use crate::html;
use crate::process::{command, root, succeed};
use crate::setup;
use anyhow::{Context as _, Result, bail, ensure};
use regex_lite::Regex;
use std::fs;
use std::path::Path;

/// The table of contents.
const SUMMARY: &str = "docs/SUMMARY.md";
/// What pages link to and is no chapter: it is copied along.
const LINKED: &[&str] = &[
    "boards/q35-x86_64/src/lib.rs",
    "boards/virt-aarch64/src/lib.rs",
    "docs/api.txt",
    "examples",
    "qemu/kernel/src/board.rs",
    "qemu/runner/src/boards.rs",
];
/// How mdbook is told.
const SETTINGS: &str = r#"[book]
title = "lockdep"
description = "A lock validator for kernels, RTOSes and firmware"
language = "en"
src = "src"

[build]
build-dir = "html"
create-missing = false
use-default-preprocessors = false # no `{{#include}}`, and README.md keeps its name, by which pages link to it
"#;

/// Builds the book, installing mdbook first where there is none.
pub(crate) fn run() -> Result<()> {
    setup::mdbook()?;
    build()
}

/// Makes the book in `target/book/html`, and checks its links.
pub(crate) fn build() -> Result<()> {
    let book = root().join("target/book");
    if book.exists() {
        fs::remove_dir_all(&book)?;
    }
    let summary = fs::read_to_string(root().join(SUMMARY)).with_context(|| format!("{SUMMARY} cannot be read"))?;
    let summary = from_root(&summary);
    for chapter in chapters(&summary) {
        copy(&chapter, &book.join("src"))?;
    }
    for path in LINKED {
        copy(path, &book.join("src"))?;
    }
    fs::write(book.join("src/SUMMARY.md"), summary)?;
    fs::write(book.join("book.toml"), SETTINGS)?;
    succeed(command("mdbook").arg("build").arg(&book))?;
    let html = book.join("html");
    let dead = html::dead_links(&html, &html)?;
    // The page for printing has all chapters in one, where links between them cannot all be right.
    let dead: Vec<_> = dead.into_iter().filter(|link| !link.starts_with("print.html:")).collect();
    ensure!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
    println!("the book: {}", html.join("index.html").display());
    Ok(())
}

/// The table of contents with paths from the root, as the book's sources are laid out.
fn from_root(summary: &str) -> String {
    let link = Regex::new(r"\]\((?<up>\.\./)?(?<path>[^)]+)\)").expect("a constant pattern");
    let path = |found: &regex_lite::Captures<'_>| {
        let folder = if found.name("up").is_some() { "" } else { "docs/" };
        format!("]({folder}{})", &found["path"])
    };
    link.replace_all(summary, path).into_owned()
}

/// The chapters that the table of contents names.
fn chapters(summary: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)]+)\)").expect("a constant pattern");
    link.captures_iter(summary).map(|found| found[1].to_owned()).collect()
}

/// Copies a file or a folder of the repository to the same path below `to`.
fn copy(path: &str, to: &Path) -> Result<()> {
    let from = root().join(path);
    let files = if from.is_dir() { html::files(&from)? } else { vec![from] };
    for file in files {
        let Ok(relative) = file.strip_prefix(root()) else { bail!("{} is not in the repository", file.display()) };
        let target = to.join(relative);
        fs::create_dir_all(target.parent().context("a file is in a folder")?)?;
        fs::copy(&file, &target).with_context(|| format!("{path} cannot be copied"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_of_contents_is_laid_out_from_the_root() {
        let summary = from_root("[Front](../README.md)\n- [Cost](cost.md)\n- [Boards](../boards/README.md)\n");
        assert_eq!(summary, "[Front](README.md)\n- [Cost](docs/cost.md)\n- [Boards](boards/README.md)\n");
        assert_eq!(chapters(&summary), ["README.md", "docs/cost.md", "boards/README.md"]);
    }

    #[test]
    fn every_page_is_a_chapter_and_says_whom_it_is_for() {
        let summary = from_root(&fs::read_to_string(root().join(SUMMARY)).expect("the table of contents"));
        let chapters: BTreeSet<String> = chapters(&summary).into_iter().collect();
        for file in html::files(&root().join("docs")).expect("the pages") {
            let path = file.strip_prefix(root()).expect("in the repository").to_string_lossy().into_owned();
            let is_page = path.ends_with(".md") && path != SUMMARY;
            assert!(!is_page || chapters.contains(&path), "{path} is in no table of contents");
        }
        for chapter in &chapters {
            let text = fs::read_to_string(root().join(chapter)).unwrap_or_else(|error| panic!("{chapter}: {error}"));
            let first = text.split("\n\n").nth(1).unwrap_or_default();
            let is_told = ["*For ", "For "].iter().any(|word| first.starts_with(word));
            assert!(is_told || chapter == "README.md", "{chapter} does not begin with whom it is for: {first}");
        }
    }
}
