//! The pages are true: links lead somewhere, named files exist, tables are the code's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use invariants::{INVARIANTS, Invariant};

/// What a path in the text begins with, if it is one of this repository.
const FOLDERS: [&str; 6] = ["docs/", "events/", "functions/", "infra/", "shared/", "tests/"];

/// Words that have a standard one in their place: name the consumer, the operator or the other
/// invocation; publish and consume; dead-letter; cancel; unavailable.
const RETIRED: [&str; 22] = [
    "anybody",
    "called off",
    "calls off",
    "carries an order on",
    "carries orders on",
    "everybody",
    "gives up",
    "given up",
    "heard",
    "hears",
    "is away",
    "lawful",
    "makes no sense",
    "needs a person",
    "nobody",
    "odd record",
    "dead_lettered",
    "parks",
    "said by",
    "somebody",
    "the book's",
    "whoever",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every page below `folder`, but for those of builds and of hidden folders.
fn pages(folder: &Path) -> Vec<PathBuf> {
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
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_listing = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_listing ^= is_fence;
        !is_fence && !is_listing
    })
}

/// Splits a line at its backticks: every second part is code.
fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Where the links of a page lead: `](target)` outside code.
fn targets(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(page) {
        let text: String = line.split('`').step_by(2).collect();
        let after = text.split("](").skip(1);
        found.extend(after.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

/// How a heading is called in links, as GitHub makes it.
fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn headings(page: &str) -> BTreeSet<String> {
    let marked = prose(page).filter_map(|line| {
        let heading = line.trim_start_matches('#');
        (heading.len() < line.len() && heading.starts_with(' ')).then(|| slug(heading))
    });
    marked.collect()
}

/// `path` without the steps up that it has.
fn straight(path: &Path) -> PathBuf {
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
fn links(path: &Path) -> Vec<(PathBuf, Option<String>)> {
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
fn every_relative_link_leads_somewhere() {
    let mut dead = Vec::new();
    for path in pages(&root()) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        for (file, heading) in links(&path) {
            let there = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
            if !file.exists() {
                dead.push(format!("{name} links to {there}, which does not exist"));
                continue;
            }
            let Some(heading) = heading else { continue };
            let page = fs::read_to_string(&file).unwrap();
            if !headings(&page).contains(&heading) {
                dead.push(format!("{name} links to #{heading}, which {there} does not have"));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn every_page_of_docs_is_reached_by_links_from_the_front_page() {
    let mut reached = BTreeSet::new();
    let mut open = vec![root().join("README.md")];
    while let Some(path) = open.pop() {
        let is_page = path.extension().is_some_and(|it| it == "md");
        if is_page && path.exists() && reached.insert(path.clone()) {
            open.extend(links(&path).into_iter().map(|(file, _)| file));
        }
    }
    let unreached = pages(&root().join("docs")).into_iter().filter(|it| !reached.contains(it));
    let unreached: Vec<PathBuf> = unreached.collect();
    assert!(unreached.is_empty(), "no page links to {unreached:?}");
}

#[test]
fn every_file_that_a_page_names_exists() {
    let mut pages_that_name = pages(&root().join("docs"));
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        pages_that_name.push(root().join(name));
    }
    let mut absent = Vec::new();
    for path in pages_that_name {
        let page = fs::read_to_string(&path).unwrap();
        for named in prose(&page).flat_map(names) {
            let is_path = FOLDERS.iter().any(|folder| named.starts_with(folder));
            let is_one = !named.contains(['<', '*', ' ', '…', '{']);
            if is_path && is_one && !root().join(named).exists() {
                absent.push(format!("{} names {named}", path.display()));
            }
        }
    }
    assert!(absent.is_empty(), "there are no such files:\n{}", absent.join("\n"));
}

/// The tables of states and inputs stand beside the code, which is held to them there.
#[test]
fn the_tables_of_the_state_machines_are_those_beside_the_code() {
    let page = fs::read_to_string(root().join("docs/state-machines.md")).unwrap();
    for service in ["order", "inventory", "payment", "shipping", "notification"] {
        let path = root().join("functions").join(service).join("src/domain.rs");
        let code = fs::read_to_string(&path).unwrap();
        let table = code.lines().filter_map(|line| line.strip_prefix("/// |"));
        let table: Vec<String> = table.map(|row| format!("|{row}")).collect();
        assert!(table.len() > 3, "{} has no table", path.display());
        let table = table.join("\n");
        assert!(page.contains(&table), "docs/state-machines.md lacks {service}'s:\n{table}");
    }
}

#[test]
fn a_page_of_this_test_is_read_as_github_reads_it() {
    let page = "# One: a `b`-c!\n\n```sh\n# not one\n[x](gone.md)\n```\n\
                [`y`](there.md#part) and `[z](gone.md)`, [w](https://example.com/a)\n";
    assert_eq!(headings(page), BTreeSet::from(["one-a-b-c".to_owned()]));
    assert_eq!(targets(page), ["there.md#part", "https://example.com/a"]);
    assert_eq!(straight(Path::new("/a/b/../c/./d.md")), Path::new("/a/c/d.md"));
}

#[test]
fn a_decision_says_why_what_instead_of_what_and_what_follows() {
    let folder = root().join("docs/decisions");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    let decisions = pages(&folder).into_iter().filter(|path| !path.ends_with("README.md"));
    for (count, path) in decisions.enumerate() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let page = fs::read_to_string(&path).unwrap();
        assert!(name.starts_with(&format!("{:04}-", count + 1)), "{name} is out of line");
        let title = page.lines().next().unwrap_or_default().trim_start_matches("# ");
        assert!(index.contains(&format!("- [{title}]({name})")), "the index lacks {name}");
        let parts = page.lines().filter_map(|line| line.strip_prefix("## "));
        let parts: Vec<&str> = parts.collect();
        assert_eq!(parts, ["Context", "Decision", "Alternatives", "Consequences"], "{name}");
    }
}

/// The retired words that stand in `text`, whole words whatever their case.
fn retired(text: &str) -> impl Iterator<Item = &'static str> {
    let text = format!(" {} ", text.to_lowercase());
    RETIRED.into_iter().filter(move |word| {
        text.match_indices(word).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            let after = text[start + word.len()..].chars().next();
            [before, after].iter().all(|it| it.is_none_or(|c| !c.is_alphanumeric()))
        })
    })
}

/// What is set in italics or as code is a name: of a column, a status, a log line.
#[test]
fn the_pages_are_written_in_standard_words() {
    let mut checked = pages(&root().join("docs"));
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        checked.push(root().join(name));
    }
    checked.extend(["README.md", "RUNBOOK.md"].map(|name| root().join("infra").join(name)));
    checked.extend(pages(&root().join("shared")));
    let mut found = Vec::new();
    for path in checked {
        let page = fs::read_to_string(&path).unwrap();
        // The tables of the state machines are the code's.
        let has_tables = path.ends_with("state-machines.md");
        for line in prose(&page).filter(|line| !(has_tables && line.starts_with('|'))) {
            let text: String = line.split('`').step_by(2).collect();
            let text: String = text.split('*').step_by(2).collect();
            found.extend(retired(&text).map(|word| {
                let name = path.strip_prefix(root()).unwrap().display();
                format!("{name}: {word:?} in {line:?}")
            }));
        }
    }
    assert!(found.is_empty(), "there are standard words for these:\n{}", found.join("\n"));
}

/// What begins the text of an error, of a line in the log or of a failed test.
const MESSAGES: [&str; 7] =
    ["#[error(", "assert!(", "assert_eq!(", "error!(", "info!(", "panic!(", "warn!("];

/// Every source file below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The source files whose comments and messages are held to [`RETIRED`]: of functions and shared
/// crates without their tests' folders, of the others with them. This file has the words.
fn code() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["functions", "shared"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            found.extend(sources(&entry.unwrap().path().join("src")));
        }
    }
    for folder in ["infra", "tests/invariants", "tests/src", "tests/testkit", "tests/tests"] {
        found.extend(sources(&root().join(folder)));
    }
    found.retain(|path| !path.ends_with(file!()));
    found
}

/// The string literals in `rest` of a call or attribute, up to the parenthesis that closes it.
fn literals(rest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 1_u32;
    let mut literal: Option<String> = None;
    let mut is_escaped = false;
    for character in rest.chars() {
        if let Some(text) = &mut literal {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => found.extend(literal.take()),
                _ => text.push(character),
            }
            continue;
        }
        match character {
            '"' => literal = Some(String::new()),
            '(' => depth += 1,
            ')' if depth == 1 => break,
            ')' => depth -= 1,
            _ => (),
        }
    }
    // A literal may go on on the next line.
    found.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The texts of the errors and log lines in `code`.
fn messages(code: &str) -> Vec<String> {
    let begins = MESSAGES
        .iter()
        .flat_map(|begin| code.match_indices(begin).map(|(start, _)| &code[start + begin.len()..]));
    begins.flat_map(literals).collect()
}

#[test]
fn errors_and_logs_are_written_in_standard_words() {
    let mut found = Vec::new();
    let mut count = 0;
    for path in code() {
        for message in messages(&fs::read_to_string(&path).unwrap()) {
            count += 1;
            found.extend(retired(&message).map(|word| {
                let name = path.strip_prefix(root()).unwrap().display();
                format!("{name}: {word:?} in {message:?}")
            }));
        }
    }
    assert!(count > 900, "only {count} messages were found");
    assert!(found.is_empty(), "there are standard words for these:\n{}", found.join("\n"));
}

/// What is code in a comment is a name, as in the pages. A permanent failure is called so; *poison
/// message* and the type `Poison` name a record. Comments of the catalogue are published with its
/// schemas, which stay as they are.
#[test]
fn comments_are_written_in_standard_words() {
    let mut found = Vec::new();
    let published = root().join("shared/catalogue");
    for path in code().into_iter().filter(|path| !path.starts_with(&published)) {
        for line in fs::read_to_string(&path).unwrap().lines() {
            let Some((_, comment)) = line.split_once("//") else { continue };
            let text: String = comment.split('`').step_by(2).collect();
            let verdicts = ["Poison when", "Poison,", "poison when"];
            let old = verdicts.into_iter().filter(|words| text.contains(words));
            found.extend(retired(&text).chain(old).map(|word| {
                let name = path.strip_prefix(root()).unwrap().display();
                format!("{name}: {word:?} in {text:?}")
            }));
        }
    }
    assert!(found.is_empty(), "there are standard words for these:\n{}", found.join("\n"));
}

#[test]
fn the_invariants_of_the_architecture_are_those_that_are_checked() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, rest) = page.split_once("| Invariant | What it promises |\n|---|---|\n").unwrap();
    let rows: Vec<&str> = rest.lines().take_while(|line| line.starts_with('|')).collect();
    let row = |it: &Invariant| format!("| {} | {} |", it.name, it.promise);
    assert_eq!(rows, INVARIANTS.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn a_message_is_read_to_its_end() {
    let code = r#"
    #[error(
        "one \
         two ({})", excerpt(text)
    )]
    Off,
    "no message",
    warn!(%id, "three \"3\"");
    "#;
    assert_eq!(messages(code), ["one two ({})", "three 3"]);
}
