//! The pages are true: links lead somewhere, named files exist, tables are the code's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pages;
mod words;

use std::{collections::BTreeSet, fs, path::PathBuf};

use invariants::{INVARIANTS, Invariant};

use crate::pages::{headings, links, names, pages, prose, root};

/// What a path in the text begins with, if it is one of this repository.
const FOLDERS: [&str; 6] = ["docs/", "events/", "functions/", "infra/", "shared/", "tests/"];

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

#[test]
fn the_invariants_of_the_architecture_are_those_that_are_checked() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, rest) = page.split_once("| Invariant | What it promises |\n|---|---|\n").unwrap();
    let rows: Vec<&str> = rest.lines().take_while(|line| line.starts_with('|')).collect();
    let row = |it: &Invariant| format!("| {} | {} |", it.name, it.promise);
    assert_eq!(rows, INVARIANTS.iter().map(row).collect::<Vec<_>>());
}
