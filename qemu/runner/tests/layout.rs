//! The layout of `qemu/` and `boards/`: no loop of files, no feature of a board's own, no old name.
//!
//! A file uses another if it names it: a path that begins with `crate`, `super`, `self` or a module that the file
//! declares, in a `use` or anywhere else in its code. A loop of files is one that nobody can read first, or take out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The crates whose files have no loop.
const CRATES: [&str; 4] = ["qemu/kernel", "qemu/bench", "boards/virt-aarch64", "boards/q35-x86_64"];

/// What things were called, and are no longer.
const RETIRED: &[(&str, &str)] = &[
    ("bench-wide", "the feature `wide` of lockdep-bench"),
    ("bench-stat", "the feature `stat` of lockdep-bench"),
    ("--features bench", "the program BOARD-bench"),
    ("build_with", "build_program"),
    ("around!", "program!"),
    ("src/machine.rs`", "the board's src/lib.rs"),
    ("src/machine/`", "the board's src/"),
    ("Q35;", "Machine"),
    ("Virt;", "Machine"),
    ("<Q35>", "<Machine>"),
    ("<Virt>", "<Machine>"),
    ("program::main::<", "kernel::first::<"),
    ("live::in_hardirq", "scenario::running"),
    ("live::show", "port::show"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All files below a folder, but for what was built.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
            let path = entry.expect("an entry can be read").path();
            match path.is_dir() {
                true if path.ends_with("target") => {}
                true => left.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

/// A module's path from the crate's root: empty for `lib.rs`.
type Module = Vec<String>;

/// The sources of a crate's library, by module.
fn modules(name: &str) -> BTreeMap<Module, String> {
    let src = root().join(name).join("src");
    let sources = files(&src).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let library = sources.filter(|path| !path.starts_with(src.join("bin")));
    library.map(|path| (module_of(path.strip_prefix(&src).expect("below src")), read(&path))).collect()
}

fn module_of(path: &Path) -> Module {
    let mut parts: Module = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words and signs of a source's code: no comments, no strings, not the tests at its end.
fn tokens(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    for line in text.lines().take_while(|line| *line != "mod tests {" && *line != "mod tests;") {
        let line = line.split("//").next().unwrap_or_default();
        for (index, piece) in line.split('"').enumerate() {
            if index % 2 == 0 {
                all.extend(words(piece));
            }
        }
    }
    all
}

fn words(mut piece: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut all = Vec::new();
    while let Some(first) = piece.chars().next() {
        let length = if is_word(first) {
            piece.find(|c| !is_word(c)).unwrap_or(piece.len())
        } else if piece.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            all.push(&piece[..length]);
        }
        piece = &piece[length..];
    }
    all
}

/// The modules that a source names, as paths from the root to whatever it names in them.
fn named(own: &Module, text: &str) -> BTreeSet<Module> {
    let tokens = tokens(text);
    let children: BTreeSet<&str> =
        tokens.windows(3).filter(|three| three[0] == "mod" && three[2] == ";").map(|three| three[1]).collect();
    let (mut found, mut inline, mut depth) = (BTreeSet::new(), Vec::new(), 0);
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" => {
                depth += 1;
                if at > 1 && tokens[at - 2] == "mod" {
                    inline.push((depth, tokens[at - 1].to_owned()));
                }
            }
            "}" => {
                inline.retain(|(opened, _)| *opened < depth);
                depth -= 1;
            }
            _ => {}
        }
        let begins_path =
            tokens.get(at + 1) == Some(&"::") && !matches!(at.checked_sub(1).map(|at| tokens[at]), Some("::" | "$"));
        if !begins_path {
            continue;
        }
        let here = own.iter().cloned().chain(inline.iter().map(|(_, name)| name.clone()));
        let base = match *token {
            "crate" => Module::new(),
            "self" => here.collect(),
            "super" => without_last(here.collect()),
            child if inline.is_empty() && children.contains(child) => here.chain([child.to_owned()]).collect(),
            _ => continue,
        };
        follow(&tokens, at + 1, base, &mut found);
    }
    found
}

fn without_last(mut module: Module) -> Module {
    module.pop();
    module
}

/// Follows a path from a `::`, into all its groups; returns the place behind it.
fn follow(tokens: &[&str], mut at: usize, mut path: Module, found: &mut BTreeSet<Module>) -> usize {
    while tokens.get(at) == Some(&"::") {
        match tokens.get(at + 1) {
            Some(&"super") => path = without_last(path),
            Some(&"{") => {
                at += 2;
                while at < tokens.len() && tokens[at] != "}" {
                    let mut member = path.clone();
                    member.push(tokens[at].to_owned());
                    at = follow(tokens, at + 1, member, found);
                    // Behind a renaming, and the comma.
                    while at < tokens.len() && !matches!(tokens[at], "," | "}") {
                        at += 1;
                    }
                    at += usize::from(tokens.get(at) == Some(&","));
                }
                return at + 1;
            }
            Some(word) => path.push((*word).to_owned()),
            None => break,
        }
        at += 2;
    }
    found.insert(path);
    at
}

/// Which module uses which others, by their files.
fn uses(sources: &BTreeMap<Module, String>) -> BTreeMap<&Module, BTreeSet<&Module>> {
    let file_of = |path: &Module| {
        let fitting = sources.keys().filter(|module| path.starts_with(module));
        fitting.max_by_key(|module| module.len())
    };
    let others = |own: &Module, text: &str| {
        let files: BTreeSet<&Module> = named(own, text).iter().filter_map(file_of).collect();
        files.into_iter().filter(|file| *file != own).collect()
    };
    sources.iter().map(|(own, text)| (own, others(own, text))).collect()
}

/// A loop of files, if there is one.
fn find_loop(sources: &BTreeMap<Module, String>) -> Option<Vec<String>> {
    let uses = uses(sources);
    // What uses nothing that is left is taken out, until only loops and what leads there are left.
    let mut left: BTreeSet<&Module> = uses.keys().copied().collect();
    loop {
        let ends: Vec<&Module> = left.iter().copied().filter(|module| uses[module].is_disjoint(&left)).collect();
        if ends.is_empty() {
            break;
        }
        left.retain(|module| !ends.contains(module));
    }
    let mut path = vec![*left.first()?];
    loop {
        let next = *uses[path.last()?].intersection(&left).next()?;
        if let Some(start) = path.iter().position(|module| *module == next) {
            let name = |module: &&Module| if module.is_empty() { "lib".to_owned() } else { module.join("/") };
            return Some(path[start..].iter().chain([&next]).map(name).collect());
        }
        path.push(next);
    }
}

#[test]
fn no_file_uses_one_that_uses_it() {
    for name in CRATES {
        let sources = modules(name);
        let edges: usize = uses(&sources).values().map(BTreeSet::len).sum();
        assert!(edges + 1 >= sources.len(), "{name}: only {edges} uses are seen of {} files", sources.len());
        let found = find_loop(&sources);
        assert!(found.is_none(), "{name}: a loop: {}", found.unwrap_or_default().join(" -> "));
    }
}

#[test]
fn a_loop_is_found_by_every_way_to_name_a_file() {
    let of = |a: &str, b: &str| {
        let root = "mod a;\nmod b;\npub use a::f;\n";
        let sources = [(vec![], root), (vec!["a".into()], a), (vec!["b".into()], b)];
        find_loop(&sources.map(|(module, text): (Module, &str)| (module, text.to_owned())).into())
    };
    assert_eq!(of("use crate::b;", "use core::other::{x, y};"), None);
    let found = Some(["a", "b", "a"].map(str::to_owned).to_vec());
    for a in
        ["use crate::b;", "use crate::{a::{self, y as z}, b::T};", "fn f() { super::b::g() }", "use super::{a, b};"]
    {
        for b in ["use crate::a::f;", "mod m {\n use super::super::a;\n}", "x!(crate::a::f, 1)"] {
            assert_eq!(of(a, b), found, "{a} {b}");
        }
    }
    // A file that names the root, which names the file.
    assert_eq!(of("use crate::Machine;\nfn f() {}", ""), Some(["lib", "a", "lib"].map(str::to_owned).to_vec()));
    for no_loop in ["// use crate::a;", "\"crate::a\"", "mod m { use super::T; }", "$crate::a::f()"] {
        assert_eq!(of("use crate::b;", no_loop), None, "{no_loop}");
    }
}

#[test]
fn a_board_has_no_features_of_its_own() {
    let boards = fs::read_dir(root().join("boards")).expect("boards can be read");
    let manifests = boards.map(|entry| entry.expect("an entry").path().join("Cargo.toml")).filter(|path| path.exists());
    let manifests: Vec<_> = manifests.map(|path| (path.clone(), read(&path))).collect();
    assert!(manifests.len() >= 2, "where are the boards?");
    for (path, text) in manifests {
        assert!(!text.contains("[features]"), "{}: features are the kernel's and the bench's", path.display());
        for program in ["kernel", "bench"] {
            assert!(text.contains(&format!("-{program}\"\npath = \"src/bin/{program}.rs\"")), "{}", path.display());
        }
    }
}

#[test]
fn nothing_goes_by_its_old_name() {
    let folders = ["boards", "qemu", "docs", ".ci", "examples", "benches", "tests/images"];
    let pages = ["README.md", "CONTRIBUTING.md", "tests/README.md"].map(|page| root().join(page));
    let own = Path::new("qemu/runner/tests/layout.rs");
    let all = folders.iter().flat_map(|folder| files(&root().join(folder))).chain(pages);
    let mut found = Vec::new();
    for path in all.filter(|path| !path.ends_with(own)) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for (old, new) in RETIRED.iter().filter(|(old, _)| line.contains(old)) {
                found.push(format!("{}:{}: `{old}` is {new} now", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The files of the kernel that are self-tests and demonstrations, and no part of a kernel.
const SELF_TESTS: [&str; 8] =
    ["boot_tests", "incidents", "judge", "live", "sleeping", "stack_use", "switching", "trials"];

#[test]
fn the_kernel_can_be_read_in_an_hour() {
    let sources = modules("qemu/kernel");
    let kernel =
        sources.iter().filter(|(module, _)| !module.first().is_some_and(|first| SELF_TESTS.contains(&&**first)));
    let lines: usize = kernel.map(|(_, text)| text.lines().count()).sum();
    assert!((1000..3000).contains(&lines), "the kernel without its self-tests has {lines} lines");
    for name in SELF_TESTS {
        assert!(sources.keys().any(|module| module.first().is_some_and(|first| first == name)), "{name} is gone");
    }
}

#[test]
fn each_file_of_the_kernel_says_what_it_teaches() {
    for (module, text) in modules("qemu/kernel") {
        assert!(text.starts_with("//! "), "{}", module.join("/"));
        let is_part = module.first().is_some_and(|first| first == "incidents" || !SELF_TESTS.contains(&&**first))
            && module.last().is_some_and(|last| last != "off");
        assert!(!is_part || text.contains("Teaches: "), "{}: what does it teach?", module.join("/"));
        assert!(text.lines().count() <= 400, "{}: too long", module.join("/"));
    }
}
