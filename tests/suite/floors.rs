//! A check of the layers of `src/`, which are called floors.
//!
//! A file uses only items of its own floor or of lower floors, and the uses between files form no cycle.
//! Every `use`, and every path in code and macros, is resolved through re-exports to the file that defines the name.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, UseTree};

use crate::support::sources::{Sources, sources};

/// The floors from top to bottom, each the name of a file or folder of `src/`.
const FLOORS: [&str; 17] = [
    "lib",
    "guide",
    "blocking",
    "assurance",
    "verifier",
    "audit",
    "formats",
    "account",
    "store",
    "factor",
    "hsm",
    "decision",
    "guess",
    "policy",
    "codes",
    "types",
    "ct",
];

#[derive(Default)]
struct Module {
    file: String,
    modules: BTreeMap<String, Module>,
    /// The names of the items defined in the module.
    names: BTreeSet<String>,
    /// The imports and re-exports of the module: the name that the module gives to each, and its path.
    uses: Vec<(String, Vec<String>)>,
    /// All paths of two or more parts in the module's items.
    paths: BTreeSet<Vec<String>>,
}

fn is_only_for_tests(attributes: &[Attribute]) -> bool {
    let is_test = |attribute: &Attribute| {
        let condition = attribute.parse_args::<TokenStream>().map(|condition| condition.to_string());
        condition.is_ok_and(|condition| condition == "test" || condition.starts_with("all (test ,"))
    };
    attributes.iter().any(|attribute| attribute.path().is_ident("cfg") && is_test(attribute))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl Module {
    fn read(sources: &Sources, file: &str, items: Vec<Item>) -> Self {
        let mut module = Self { file: file.to_owned(), ..Self::default() };
        for item in items {
            if is_only_for_tests(attributes(&item)) {
                continue;
            }
            match item {
                Item::Mod(inner) => {
                    let name = inner.ident.to_string();
                    let child = if let Some((_, items)) = inner.content {
                        Self::read(sources, file, items)
                    } else {
                        let path = if file == "lib" { name.clone() } else { format!("{file}/{name}") };
                        let Some(source) = sources.get(&path) else { continue };
                        Self::read(sources, &path, syn::parse_file(source).unwrap().items)
                    };
                    module.modules.insert(name, child);
                    continue;
                }
                Item::Use(ref used) => {
                    flatten(&used.tree, Vec::new(), &mut module.uses);
                    continue;
                }
                Item::Const(ref item) => module.names.insert(item.ident.to_string()),
                Item::Enum(ref item) => module.names.insert(item.ident.to_string()),
                Item::Fn(ref item) => module.names.insert(item.sig.ident.to_string()),
                Item::Static(ref item) => module.names.insert(item.ident.to_string()),
                Item::Struct(ref item) => module.names.insert(item.ident.to_string()),
                Item::Trait(ref item) => module.names.insert(item.ident.to_string()),
                Item::Type(ref item) => module.names.insert(item.ident.to_string()),
                _ => false,
            };
            paths(item.to_token_stream(), &mut module.paths);
        }
        module
    }

    fn at<'m>(&'m self, path: &[String]) -> Option<&'m Self> {
        path.iter().try_fold(self, |module, name| module.modules.get(name))
    }

    /// Calls `visit` with this module and its path, and with each module below it and its path.
    fn each<'m>(&'m self, at: &mut Vec<String>, visit: &mut dyn FnMut(&'m Self, &[String])) {
        visit(self, at);
        for (name, module) in &self.modules {
            at.push(name.clone());
            module.each(at, visit);
            at.pop();
        }
    }

    /// Returns the file that defines the item at `path`, as seen from the module at `from`.
    ///
    /// Returns `None` for items of other crates and for local names.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<&str> {
        assert!(depth < 20, "the re-exports form a cycle: {path:?}");
        let (first, rest) = path.split_first()?;
        let here = self.at(from)?;
        match first.as_str() {
            "crate" => self.follow(&[], rest, depth),
            "self" => self.follow(from, rest, depth),
            "super" => self.follow(&from[..from.len().checked_sub(1)?], rest, depth),
            name if here.modules.contains_key(name) || here.names.contains(name) => self.follow(from, path, depth),
            name => {
                let (_, target) = here.uses.iter().find(|(alias, _)| alias == name)?;
                if target.first().is_some_and(|first| first == name) {
                    return None;
                }
                self.resolve(from, &[target, rest].concat(), depth + 1)
            }
        }
    }

    /// Resolves a path that starts in the module at `from`, as [`Self::resolve`] does.
    fn follow(&self, from: &[String], path: &[String], depth: usize) -> Option<&str> {
        let here = self.at(from)?;
        let Some((first, rest)) = path.split_first() else { return Some(&here.file) };
        if first == "super" {
            return self.follow(&from[..from.len().checked_sub(1)?], rest, depth);
        }
        if here.modules.contains_key(first) {
            return self.follow(&[from, std::slice::from_ref(first)].concat(), rest, depth);
        }
        if here.names.contains(first) || first == "*" {
            return Some(&here.file);
        }
        let (_, target) = here.uses.iter().find(|(alias, _)| alias == first)?;
        self.resolve(from, &[target, rest].concat(), depth + 1)
    }
}

fn flatten(tree: &UseTree, mut path: Vec<String>, uses: &mut Vec<(String, Vec<String>)>) {
    match tree {
        UseTree::Path(part) => {
            path.push(part.ident.to_string());
            flatten(&part.tree, path, uses);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path.clone(), uses)),
        UseTree::Name(name) if name.ident == "self" => uses.push((path.last().unwrap().clone(), path)),
        UseTree::Name(name) => {
            path.push(name.ident.to_string());
            uses.push((name.ident.to_string(), path));
        }
        UseTree::Rename(name) => {
            path.push(name.ident.to_string());
            uses.push((name.rename.to_string(), path));
        }
        UseTree::Glob(_) => {
            path.push("*".to_owned());
            uses.push(("*".to_owned(), path));
        }
    }
}

/// Collects paths such as `a::b::c` from tokens, also within macros.
fn paths(tokens: TokenStream, found: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    found.extend(Some(std::mem::take(&mut path)).filter(|path| path.len() > 1));
                    path.clear();
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                found.extend(Some(std::mem::take(&mut path)).filter(|path| path.len() > 1));
                colons = 0;
                if let TokenTree::Group(group) = other {
                    paths(group.stream(), found);
                }
            }
        }
    }
    found.extend(Some(path).filter(|path| path.len() > 1));
}

/// Returns the files that each file uses.
fn arrows(sources: &Sources) -> BTreeMap<String, BTreeSet<String>> {
    let root = Module::read(sources, "lib", syn::parse_file(&sources["lib"]).unwrap().items);
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    root.each(&mut Vec::new(), &mut |module, at| {
        let targets = module.uses.iter().map(|(_, target)| target).chain(&module.paths);
        for target in targets.filter_map(|target| root.resolve(at, target, 0)) {
            if target != module.file {
                arrows.entry(module.file.clone()).or_default().insert(target.to_owned());
            }
        }
    });
    arrows
}

/// Returns a message for each violation: a file on no floor, a use of a higher floor, or a cycle.
fn faults(sources: &Sources) -> Vec<String> {
    let floor = |file: &str| FLOORS.iter().position(|floor| file.split('/').next() == Some(floor));
    let arrows = arrows(sources);
    let mut faults: Vec<_> =
        sources.keys().filter(|file| floor(file).is_none()).map(|file| format!("{file} is on no floor")).collect();
    for (file, targets) in &arrows {
        let up = targets.iter().filter(|target| floor(target) < floor(file));
        faults.extend(up.map(|target| format!("{file} uses {target}, which is above it")));
    }
    // A file that uses no remaining file, or that no remaining file uses, is on no cycle. The removal of all such files
    // leaves the cycles.
    let mut left = arrows;
    loop {
        let before = left.len();
        let files: BTreeSet<_> = left.keys().cloned().collect();
        let used: BTreeSet<_> = left.values().flatten().cloned().collect();
        left.retain(|file, targets| {
            targets.retain(|target| files.contains(target));
            !targets.is_empty() && used.contains(file)
        });
        if left.len() == before {
            break;
        }
    }
    faults.extend(left.into_iter().map(|(file, targets)| format!("a cycle through {file}: it uses {targets:?}")));
    faults
}

/// The largest number of lines of a file.
const LINES: usize = 500;

#[test]
fn files_use_only_lower_floors() {
    let sources = sources("src");
    let long = sources.iter().filter(|(_, text)| text.lines().count() > LINES);
    assert_eq!(long.map(|(file, _)| file).collect::<Vec<_>>(), Vec::<&String>::new(), "over {LINES} lines");
    let faults = faults(&sources);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The check finds a use of a higher floor, through a re-export or in a macro, a cycle, and a file on no floor.
#[test]
fn planted_faults_are_found() {
    for (file, line, fault) in [
        ("types/time", "use crate::Policy;", "types/time uses policy, which is above it"),
        ("ct", "fn f() { assert!(crate::codes::Key::x()) }", "ct uses codes/key, which is above it"),
        ("codes/key", "use super::search::Search;", "a cycle through codes/key: it uses {\"codes/search\"}"),
        ("upstairs", "", "upstairs is on no floor"),
    ] {
        let mut sources = sources("src");
        let source = sources.entry(file.to_owned()).or_default();
        source.extend(["\n", line, "\n"]);
        let faults = faults(&sources);
        assert!(faults.iter().any(|found| found.starts_with(fault)), "{line}: {faults:?}");
    }
}
