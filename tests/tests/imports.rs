//! Modules import one way: none imports one that imports it, be it by others in between.
//!
//! A module and those within it count as one thing here: a parent may show what its children have,
//! and children may use what it has.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The parts of a module's path within its crate; none of the crate's root.
type Module = Vec<String>;

/// The code of every module below `folder` but those that are tests.
fn modules(folder: &Path, module: &Module, found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut inner = module.clone();
        if !matches!(name.as_str(), "lib" | "main" | "mod") {
            inner.push(name.clone());
        }
        if path.is_dir() {
            modules(&path, &inner, found);
        } else if !matches!(name.as_str(), "tests" | "testing") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
            let code = code.map(|line| line.split("//").next().unwrap_or_default());
            // A package may have a root for its library and one for its program.
            let found = found.entry(inner).or_default();
            code.for_each(|line| *found += &format!("{line}\n"));
        }
    }
}

/// The paths of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(tree: &str, prefix: &str, found: &mut Vec<Module>) {
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in tree.char_indices().chain([(tree.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let name = tree[start..at].trim();
                start = at + 1;
                if name.is_empty() {
                    continue;
                }
                let part = format!("{prefix}{name}");
                match part.strip_suffix('}').and_then(|it| it.split_once('{')) {
                    Some((before, inner)) => paths(inner, before, found),
                    None => found.push(part.split("::").map(|it| it.trim().to_owned()).collect()),
                }
            }
            _ => (),
        }
    }
}

/// What a module's code names of its own crate: in imports, and where it stands.
fn named(code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    let statements = code.split(';').filter_map(|it| it.split_once("use "));
    statements
        .filter(|(before, _)| {
            before
                .lines()
                .last()
                .is_none_or(|it| it.trim().is_empty() || it.trim().starts_with("pub"))
        })
        .for_each(|(_, tree)| paths(tree, "", &mut found));
    let words = code.split(|it: char| !(it.is_alphanumeric() || it == '_' || it == ':'));
    let inline = words.filter(|it| it.starts_with("crate::") || it.starts_with("super::"));
    found.extend(inline.map(|it| it.split("::").map(str::to_owned).collect::<Module>()));
    found
}

/// The module of a crate that `path`, as it stands in `module`, leads to, whatever re-exports it.
fn target(
    names: &BTreeMap<Module, Vec<Module>>,
    module: &Module,
    path: &[String],
) -> Option<Module> {
    let supers = path.iter().take_while(|it| *it == "super").count();
    let (base, rest) = match path.first()?.as_str() {
        "crate" => (&[][..], &path[1..]),
        "self" => (module.as_slice(), &path[1..]),
        "super" => (&module[..module.len().checked_sub(supers)?], &path[supers..]),
        _ => (module.as_slice(), path),
    };
    let full = [base, rest].concat();
    let known = (0..=full.len()).rev().find(|it| names.contains_key(&full[..*it]))?;
    let (owner, rest) = (full[..known].to_vec(), &full[known..]);
    let is_own = path[0] == "crate" || path[0] == "self" || supers > 0 || known > module.len();
    let shown = rest.first().and_then(|name| {
        let shown = names[&owner].iter().find(|it| it.len() > 1 && it.last() == Some(name))?;
        (owner != *module).then(|| target(names, &owner, shown)).flatten()
    });
    is_own.then(|| shown.unwrap_or(owner))
}

/// The packages below `folder`: those of a project of their own within it, too.
fn packages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
            packages(&path, found);
        }
    }
    if folder.join("Cargo.toml").is_file() && folder.join("src").is_dir() {
        found.push(folder.to_owned());
    }
}

/// What each module of a package that imports in a circle imports of the others.
fn circles(package: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut code = BTreeMap::new();
    modules(&package.join("src"), &Module::new(), &mut code);
    let names: BTreeMap<_, _> = code.iter().map(|(it, code)| (it.clone(), named(code))).collect();
    let mut imports: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (module, paths) in &names {
        let targets = paths.iter().filter_map(|path| target(&names, module, path));
        let others = targets.filter(|it| !it.starts_with(module) && !module.starts_with(it));
        imports.insert(module.clone(), others.collect());
    }
    // What imports nothing that is left is in no circle, and what nothing that is left imports.
    loop {
        let is_idle = |module: &Module, others: &BTreeSet<Module>| {
            others.is_empty() || !imports.values().any(|it| it.contains(module))
        };
        let Some(last) = imports.iter().find(|(it, others)| is_idle(it, others)) else {
            return imports;
        };
        let last = last.0.clone();
        imports.remove(&last);
        for others in imports.values_mut() {
            others.remove(&last);
        }
    }
}

#[test]
fn modules_import_one_way() {
    let mut found = Vec::new();
    packages(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut found);
    assert!(found.len() > 30, "{found:?}");
    let circles = found.into_iter().map(|package| (circles(&package), package));
    let circles: Vec<_> = circles.filter(|(circles, _)| !circles.is_empty()).collect();
    assert!(circles.is_empty(), "modules import in a circle: {circles:#?}");
}

/// So that the rule above cannot hold because nothing is found.
#[test]
fn a_circle_is_found_from_any_of_its_modules() {
    let package = tempfile::tempdir().unwrap();
    let source = package.path().join("src");
    fs::create_dir(&source).unwrap();
    let write = |name: &str, code: &str| fs::write(source.join(name), code).unwrap();
    write("lib.rs", "mod ear;\nmod mouth;\nmod word;\npub use {ear::Ear, mouth::Mouth};\n");
    write("word.rs", "pub struct Word;\n");
    write("ear.rs", "use crate::{\n    Mouth,\n    word::Word,\n};\n");
    write("mouth.rs", "// use crate::Ear;\n\n#[cfg(test)]\nmod tests {\n    use crate::Ear;\n}\n");
    assert_eq!(circles(package.path()), BTreeMap::new());
    write("mouth.rs", "fn speak(ear: crate::Ear) {}\n");
    let module = |name: &str| vec![name.to_owned()];
    let circle = [("ear", "mouth"), ("mouth", "ear")]
        .map(|(importer, imported)| (module(importer), BTreeSet::from([module(imported)])));
    assert_eq!(circles(package.path()), BTreeMap::from(circle));
}
