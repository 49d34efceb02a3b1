//! Dead links in a folder of HTML: what rustdoc or mdbook built, read as a browser would follow it.
//!
//! A link within the folder must lead to a file, and its fragment to an element of that file with this `id`. Links to other
//! hosts are not followed: what CI says must not depend on the network. Nor are those that a script makes.

use anyhow::{Context as _, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The pages that were read, with the ids of each.
#[derive(Default)]
struct Pages {
    ids: BTreeMap<PathBuf, BTreeSet<String>>,
}

/// The links of all pages below `pages` that lead nowhere, as `page: link`. `root` is the folder that they may lead to.
pub(crate) fn dead_links(root: &Path, pages: &Path) -> Result<Vec<String>> {
    let (mut read, mut dead, mut seen) = (Pages::default(), Vec::new(), 0);
    for page in files(pages)? {
        if page.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        for link in links(&text(&page)?) {
            seen += 1;
            if !read.is_alive(&page, &link)? {
                dead.push(format!("{}: {link}", page.strip_prefix(root).unwrap_or(&page).display()));
            }
        }
    }
    ensure!(seen > 0, "{} has no page with a link: was it built?", pages.display());
    dead.sort();
    dead.dedup();
    Ok(dead)
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// A page without its scripts, whose strings look like links.
pub(crate) fn text(page: &Path) -> Result<String> {
    let html = fs::read_to_string(page).with_context(|| format!("{} cannot be read", page.display()))?;
    let mut parts = html.split("<script");
    let first = parts.next().unwrap_or_default();
    let after = parts.map(|part| part.split_once("</script>").map_or("", |(_, after)| after));
    Ok(std::iter::once(first).chain(after).collect())
}

/// What a page links to within the folder.
fn links(html: &str) -> Vec<String> {
    let links = values(html, " href=\"").chain(values(html, " src=\""));
    links.filter(|link| !link.is_empty() && !is_elsewhere(link)).collect()
}

/// The values of an attribute, which is written with the blank before it and the quote after it.
fn values(html: &str, attribute: &'static str) -> impl Iterator<Item = String> {
    html.split(attribute).skip(1).filter_map(|after| after.split_once('"').map(|(value, _)| unescape(value)))
}

/// Whether a link begins with a scheme or names another host.
fn is_elsewhere(link: &str) -> bool {
    let scheme = link.split_once(':').map(|(scheme, _)| scheme);
    link.starts_with("//") || scheme.is_some_and(|scheme| scheme.bytes().all(|c| c.is_ascii_lowercase()))
}

impl Pages {
    /// Whether there is a file, and an element if one is named, where this link of this page leads.
    fn is_alive(&mut self, page: &Path, link: &str) -> Result<bool> {
        let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
        let path = decode(path.split('?').next().unwrap_or(path));
        let target = if path.is_empty() { page.to_owned() } else { resolve(page, &path) };
        if !target.exists() {
            return Ok(false);
        }
        // A line of a source is an element that the page's script makes.
        let of_source = target.components().any(|part| part == Component::Normal("src".as_ref()));
        let is_page = target.extension().is_some_and(|extension| extension == "html");
        if fragment.is_empty() || of_source || !is_page {
            return Ok(true);
        }
        let ids = self.ids(&target)?;
        Ok(ids.contains(fragment) || ids.contains(&decode(fragment))) // a browser tries both
    }

    fn ids(&mut self, page: &Path) -> Result<&BTreeSet<String>> {
        if !self.ids.contains_key(page) {
            self.ids.insert(page.to_owned(), values(&text(page)?, " id=\"").collect());
        }
        Ok(&self.ids[page])
    }
}

/// The path that is written in a page, from the folder of that page.
fn resolve(page: &Path, path: &str) -> PathBuf {
    let mut target = page.parent().unwrap_or(page).to_owned();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                target.pop();
            }
            part => target.push(part),
        }
    }
    target
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&")
}

/// `%20` as the byte that it means.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => (bytes.push(byte), rest = &after[2..]).0,
            _ => (bytes.push(first), rest = after).0,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_nowhere_is_named_and_nothing_else() {
        let root = std::env::temp_dir().join(format!("lockdep-html-{}", std::process::id()));
        fs::create_dir_all(root.join("sub")).expect("a folder");
        let page = r##"<a id="here" href="#here">x</a> <a href="sub/b.html#impl-A%3CT%3E">x</a> <a href="sub">x</a>
            <a href="https://example.org/none">x</a> <script>href = ' href="script.html"'</script> <a href="#no&amp;ne">x</a>
            <a href="none.html">x</a> <a href="sub/b.html#none">x</a> <img src="none.png">"##;
        fs::write(root.join("a.html"), page).expect("a page");
        let other = r#"<p id="impl-A&lt;T&gt;"></p><a href="../a.html#here">x</a>"#;
        fs::write(root.join("sub/b.html"), other).expect("a page");
        let dead = dead_links(&root, &root).expect("the pages can be read");
        fs::remove_file(root.join("a.html")).expect("it is there");
        let without = dead_links(&root, &root.join("sub")).expect("the page can be read");
        fs::remove_dir_all(&root).expect("it is there");
        assert_eq!(dead, ["a.html: #no&ne", "a.html: none.html", "a.html: none.png", "a.html: sub/b.html#none"]);
        assert_eq!(without, ["sub/b.html: ../a.html#here"]);
    }

    #[test]
    fn a_folder_without_links_is_not_clean() {
        let root = std::env::temp_dir().join(format!("lockdep-html-empty-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a folder");
        let nothing = dead_links(&root, &root);
        fs::remove_dir_all(&root).expect("it is there");
        assert!(nothing.is_err(), "{nothing:?}");
    }
}
