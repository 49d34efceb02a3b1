//! The pages of the validator as docs.rs builds them: all features, each with its badge, and no link that leads nowhere.
//!
//! docs.rs has a nightly compiler and sets `--cfg docsrs`; `RUSTC_BOOTSTRAP` lets a stable one do the same. Without that
//! `cfg`, as everybody else builds the pages, they are built too, by the doc tests and by `cargo doc`.

use crate::html;
use crate::process::{root, succeed};
use crate::toolchain::host_cargo;
use anyhow::{Result, ensure};
use std::fs;

/// Pages, and the badge that each must have: one of each feature that adds items.
const BADGES: &[(&str, &str)] = &[
    ("critical_section/index.html", "critical-section"),
    ("enum.Kind.html", "defmt"),
    ("host/index.html", "std"),
    ("lock_api/index.html", "lock_api"),
    ("lock_api_05/index.html", "lock_api_05"),
    ("selftest/index.html", "selftest"),
    ("stat/fn.write_lock_stat.html", "stat"),
    ("std_sync/struct.Mutex.html", "std"),
];

/// The page of a module that has a twin: it is there without `validate`, so it has no badge.
const WITHOUT_BADGE: &str = "hooks/index.html";

/// Builds the pages with all features, warnings denied, and looks at badges and links.
pub(crate) fn check() -> Result<()> {
    // In a folder of its own: a page that is no longer built would keep a link to it alive.
    let target = root().join("target/docsrs");
    let built = target.join("doc");
    if built.exists() {
        fs::remove_dir_all(&built)?;
    }
    let mut cargo = host_cargo();
    cargo.args(["doc", "--no-deps", "-p", "lockdep", "--all-features", "--target-dir"]).arg(&target);
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTDOCFLAGS", "--cfg docsrs -Dwarnings -Dmissing_docs");
    succeed(&mut cargo)?;
    for (page, feature) in BADGES {
        let html = html::text(&built.join("lockdep").join(page))?;
        let badge = format!("Available on <strong>crate feature <code>{feature}</code></strong> only");
        ensure!(html.contains(&badge), "{page} has no badge of the feature `{feature}`");
    }
    let html = html::text(&built.join("lockdep").join(WITHOUT_BADGE))?;
    ensure!(!html.contains("Available on"), "{WITHOUT_BADGE} has a badge, though it is there without any feature");
    let dead = html::dead_links(&built, &built.join("lockdep"))?;
    ensure!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
    Ok(())
}
