//! Pages, comments, errors and logs are written in the field's words.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::pages::{pages, prose, root};

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

/// The source files whose comments, names and messages are held to [`RETIRED`]: all but this one,
/// which has the words.
fn code() -> Vec<PathBuf> {
    let folders = ["functions", "infra", "shared", "tests"];
    let mut found: Vec<_> =
        folders.iter().flat_map(|folder| sources(&root().join(folder))).collect();
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

/// The names of tests are read as sentences.
#[test]
fn functions_are_named_in_standard_words() {
    let mut found = Vec::new();
    for path in code() {
        for line in fs::read_to_string(&path).unwrap().lines() {
            let Some((_, rest)) = line.split_once("fn ") else { continue };
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            let text = name.replace('_', " ");
            found.extend(retired(&text).map(|word| {
                let path = path.strip_prefix(root()).unwrap().display();
                format!("{path}: {word:?} in {name:?}")
            }));
        }
    }
    assert!(found.is_empty(), "there are standard words for these:\n{}", found.join("\n"));
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
