//! Holds the house in order: layers, headers, sizes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file.
const MAX_LINES: usize = 400;

/// The layers, lowest first, read from the comments in `lib.rs`.
fn layers() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string("src/lib.rs").unwrap();
    let mut layers: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("// ") {
            let name = comment.split(':').next().unwrap().to_owned();
            layers.push((name, Vec::new()));
        } else if let Some(module) = line.strip_prefix("pub mod ") {
            layers.last_mut().unwrap().1.push(module.trim_end_matches(';').to_owned());
        }
    }
    layers
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Those of them that are part of the program: what stands behind `#[cfg(test)]` may name whatever it tries.
fn program() -> Vec<PathBuf> {
    let all = sources("src");
    let mut tests: BTreeSet<String> = BTreeSet::new();
    for path in &all {
        let text = fs::read_to_string(path).unwrap();
        let after = text.split("#[cfg(test)]").skip(1).filter_map(|rest| rest.lines().nth(1));
        let names = after.filter_map(|line| line.strip_suffix(';')?.split("mod ").nth(1));
        tests.extend(names.map(str::to_owned));
    }
    let is_test = |path: &PathBuf| {
        path.iter().any(|part| tests.contains(part.to_str().unwrap().trim_end_matches(".rs")))
    };
    all.into_iter().filter(|path| !is_test(path)).collect()
}

/// The top module that a file is part of.
fn module(path: &Path) -> String {
    let below = path.strip_prefix("src").unwrap();
    below.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// The top modules that a text names, outside its tests.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let code = code.split("#[cfg(test)]\npub(crate) mod ").next().unwrap();
    let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut named = BTreeSet::new();
    for (index, _) in code.match_indices("crate::") {
        let rest = &code[index + "crate::".len()..];
        let group = rest.strip_prefix('{').and_then(|rest| rest.split("};").next());
        let heads: Vec<&str> = match group {
            // `use crate::{a, b::{c, d}, e}`: only what stands at the outer level.
            Some(group) => {
                let mut depth = 0;
                let parts = group.split(|c| {
                    depth += match c {
                        '{' => 1,
                        '}' => -1,
                        _ => 0,
                    };
                    c == ',' && depth == 0
                });
                parts.collect()
            }
            None => vec![rest],
        };
        for head in heads {
            let name: String =
                head.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            named.insert(name);
        }
    }
    named
}

#[test]
fn a_layer_names_no_higher_one_and_core_does_no_io() {
    let layers = layers();
    let layer_of: BTreeMap<&str, usize> = layers
        .iter()
        .enumerate()
        .flat_map(|(index, (_, modules))| modules.iter().map(move |module| (module.as_str(), index)))
        .collect();
    assert_eq!(
        layers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["Core", "Edges", "Flow", "Face"]
    );
    let banned = ["tokio", "reqwest", "std::fs", "Instant", "SystemTime", "Timestamp::now"];
    let mut broken = Vec::new();
    for path in program() {
        let own = module(&path);
        if own == "lib" || own == "main" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let layer = *layer_of.get(own.as_str()).unwrap_or_else(|| panic!("{own} has no layer in lib.rs"));
        for name in named(&text) {
            if layer_of.get(name.as_str()).is_some_and(|other| *other > layer) {
                broken.push(format!("{} names {name}, of a higher layer", path.display()));
            }
        }
        if layer == 0 {
            let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let code = code.join("\n");
            for word in banned.iter().filter(|word| code.contains(**word)) {
                broken.push(format!("{} names {word}, which core must not", path.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn modules_do_not_go_round_in_circles() {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in program() {
        let own = module(&path);
        let text = fs::read_to_string(&path).unwrap();
        edges.entry(own).or_default().extend(named(&text));
    }
    // Taking away whatever names nothing that is left takes everything away, unless there is a circle.
    while !edges.is_empty() {
        let left: BTreeSet<String> = edges.keys().cloned().collect();
        let before = edges.len();
        edges.retain(|own, named| named.iter().any(|name| name != own && left.contains(name)));
        assert!(edges.len() < before, "a circle among {:?}", edges.keys().collect::<Vec<_>>());
    }
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let mut broken = Vec::new();
    for path in [sources("src"), sources("tests")].concat() {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if !text.starts_with("//!") {
            broken.push(format!("{} does not begin with //!", path.display()));
        }
        if lines > MAX_LINES
            && !text.lines().take(30).any(|line| line.starts_with("//! Over 400 lines because "))
        {
            broken.push(format!("{} has {lines} lines", path.display()));
        }
        if path.file_name().is_some_and(|name| name == "mod.rs") && !path.starts_with("tests") {
            broken.push(format!("{}: foo.rs with foo/, never mod.rs", path.display()));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_dependency_says_why() {
    let text = fs::read_to_string("Cargo.toml").unwrap();
    let fixed = [
        "tokio",
        "reqwest",
        "serde",
        "serde_yaml",
        "notify",
        "sha2",
        "tracing",
        "tracing-subscriber",
        "humantime",
        "tempfile",
    ];
    let section = text.split("[dependencies]").nth(1).unwrap().split("\n[lints").next().unwrap();
    let lines = section.lines().filter(|line| line.contains(" = ") && !line.starts_with('#'));
    let silent: Vec<&str> = lines
        .filter(|line| !fixed.contains(&line.split(' ').next().unwrap()) && !line.contains(" # "))
        .collect();
    assert_eq!(silent, Vec::<&str>::new());
}
