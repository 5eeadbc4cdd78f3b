//! A page as GitHub reads it: its prose, names, links and headings.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every page below `folder`, but for those of builds and of hidden folders.
pub(crate) fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                found.extend(pages(&path));
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of a page that are text and no listing.
pub(crate) fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_listing = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_listing ^= is_fence;
        !is_fence && !is_listing
    })
}

/// Splits a line at its backticks: every second part is code.
pub(crate) fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Where the links of a page lead: `](target)` outside code.
pub(crate) fn targets(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(page) {
        let text: String = line.split('`').step_by(2).collect();
        let after = text.split("](").skip(1);
        found.extend(after.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

/// How a heading is called in links, as GitHub makes it.
pub(crate) fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

pub(crate) fn headings(page: &str) -> BTreeSet<String> {
    let marked = prose(page).filter_map(|line| {
        let heading = line.trim_start_matches('#');
        (heading.len() < line.len() && heading.starts_with(' ')).then(|| slug(heading))
    });
    marked.collect()
}

/// `path` without the steps up that it has.
pub(crate) fn straight(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for step in path.components() {
        match step {
            Component::ParentDir => {
                straight.pop();
            }
            Component::CurDir => (),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => straight.push(step),
        }
    }
    straight
}

/// The relative links of the page at `path`: the file each leads to, and the heading.
pub(crate) fn links(path: &Path) -> Vec<(PathBuf, Option<String>)> {
    let page = fs::read_to_string(path).unwrap();
    let relative = targets(&page).into_iter().filter(|target| {
        let names_a_scheme = target.contains("://") || target.starts_with("mailto:");
        // In the front page of a crate rustdoc resolves paths of items.
        !names_a_scheme && !target.contains("::")
    });
    let resolved = relative.map(|target| {
        let (file, heading) = match target.split_once('#') {
            Some((file, heading)) => (file.to_owned(), Some(heading.to_owned())),
            None => (target, None),
        };
        let file = if file.is_empty() { path.to_owned() } else { path.with_file_name(file) };
        (straight(&file), heading)
    });
    resolved.collect()
}

#[test]
fn a_page_of_this_test_is_read_as_github_reads_it() {
    let page = "# One: a `b`-c!\n\n```sh\n# not one\n[x](gone.md)\n```\n\
                [`y`](there.md#part) and `[z](gone.md)`, [w](https://example.com/a)\n";
    assert_eq!(headings(page), BTreeSet::from(["one-a-b-c".to_owned()]));
    assert_eq!(targets(page), ["there.md#part", "https://example.com/a"]);
    assert_eq!(straight(Path::new("/a/b/../c/./d.md")), Path::new("/a/c/d.md"));
}
