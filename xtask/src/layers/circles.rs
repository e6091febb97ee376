//! No circles of modules within a crate: of two modules side by side, at most one needs the other.
//!
//! A module needs another if it names something that is defined there: in a `use`, a path or the arguments of
//! a macro. Names are followed through imports and re-exports to the file that defines them, so it does not
//! matter by which way a name is reached.
//!
//! Modules are compared with their siblings, each together with all that is below it. So a parent and its
//! child are no circle: the child is a part of its parent, which declares it and may call it, and the child
//! may take its parent's types. Nor does a facade need what it only passes on (`pub use`, `pub(crate) use`).
//! Two children that name each other are a circle, and so are two whose own children do, at any depth.
//!
//! Calls of methods name no module and are not seen. What is for tests only is left out.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Item, Macro, Path, UseTree, Visibility};

use super::Verdict;
use crate::cargo::Workspace;
use crate::error::Failure;
use crate::files::{self, TextFile};

/// The circles that may stay, at most five: the crate, one module of the circle, and why.
const ALLOWED: [(&str, &str, &str); 0] = [];

/// A module's place: `["world", "reply"]`; the root's is empty.
type Place = Vec<String>;

/// A path as it is written, without the item's generics.
type Names = Vec<String>;

/// What a module has, and what it names.
#[derive(Default)]
struct Module {
    defined: BTreeSet<String>,
    imported: BTreeMap<String, Names>,
    globs: Vec<Names>,
    used: BTreeSet<Names>,
}

/// The modules of one crate, those of a file's inner modules in it.
#[derive(Default)]
struct Modules {
    all: BTreeMap<Place, Module>,
    /// Modules that stand in the file of another.
    inner: BTreeSet<Place>,
    /// Modules that are there for tests only.
    tests: BTreeSet<Place>,
}

/// What each file names of others: the file that defines it, and the names as they are written.
type Needs = BTreeMap<Place, BTreeMap<Place, Names>>;

/// Checks the crates below `crates/`.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Verdict>, Failure> {
    let files = files::read(&workspace.root)?;
    let mut sources: BTreeMap<&str, Vec<(Place, &TextFile)>> = BTreeMap::new();
    for file in &files {
        let path = file
            .path
            .strip_prefix("crates/")
            .and_then(|path| path.split_once("/src/"));
        if let Some((package, place)) =
            path.and_then(|(package, path)| Some((package, place(path)?)))
        {
            sources.entry(package).or_default().push((place, file));
        }
    }
    let verdicts = sources
        .iter()
        .map(|(package, sources)| judge(package, sources, &ALLOWED));
    verdicts.collect()
}

/// The module that a file below `src` is.
fn place(path: &str) -> Option<Place> {
    let mut names: Place = path
        .strip_suffix(".rs")?
        .split('/')
        .map(str::to_owned)
        .collect();
    if matches!(names.last()?.as_str(), "lib" | "main" | "mod") {
        names.pop();
    }
    Some(names)
}

fn judge(
    package: &str,
    sources: &[(Place, &TextFile)],
    allowed: &[(&str, &str, &str)],
) -> Result<Verdict, Failure> {
    let mut modules = Modules::default();
    for (place, file) in sources {
        let parsed = syn::parse_file(&file.text).map_err(|error| {
            Failure::new(format!("{}: could not be parsed: {error}", file.path))
        })?;
        modules.read(place, &parsed.items);
    }
    let needs = modules.needs();
    let mut circles = circles(&needs);
    let mut problems = Vec::new();
    for (_, member, _) in allowed.iter().filter(|(of, ..)| *of == package) {
        let before = circles.len();
        circles.retain(|circle| !circle.contains(*member));
        if circles.len() == before {
            problems.push(format!(
                "{package}: {member} is in no circle any more; remove it from ALLOWED in \
                 xtask/src/layers/circles.rs"
            ));
        }
    }
    problems.extend(
        circles
            .iter()
            .map(|circle| explain(package, circle, &needs)),
    );
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    let (files, edges) = (
        needs.len(),
        needs.values().map(BTreeMap::len).sum::<usize>(),
    );
    Ok(Ok(format!(
        "{package}: {files} files need others {edges} times, in no circle"
    )))
}

/// The circles of siblings, each as the paths of its modules.
fn circles(needs: &Needs) -> Vec<BTreeSet<String>> {
    let mut siblings: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, others) in needs {
        for (one, other) in others.keys().filter_map(|other| apart(file, other)) {
            siblings.entry(one).or_default().insert(other);
        }
    }
    let reached: BTreeMap<&String, BTreeSet<&String>> = siblings
        .keys()
        .map(|module| (module, reached(&siblings, module)))
        .collect();
    let circle = |module: &&String| -> BTreeSet<String> {
        let back = |other: &&&String| reached.get(**other).is_some_and(|it| it.contains(*module));
        reached[*module]
            .iter()
            .filter(back)
            .map(|other| (*other).clone())
            .collect()
    };
    let found: BTreeSet<BTreeSet<String>> = siblings
        .keys()
        .collect::<Vec<_>>()
        .iter()
        .map(circle)
        .collect();
    found
        .into_iter()
        .filter(|circle| !circle.is_empty())
        .collect()
}

/// The two siblings of which one holds `file` and the other `needed`; none if one of the two is above the other.
fn apart(file: &Place, needed: &Place) -> Option<(String, String)> {
    let common = file
        .iter()
        .zip(needed)
        .take_while(|(one, other)| one == other)
        .count();
    let sibling = |place: &Place| Some(place.get(..=common)?.join("::"));
    Some((sibling(file)?, sibling(needed)?))
}

/// All that a module needs, also through others.
fn reached<'graph>(
    siblings: &'graph BTreeMap<String, BTreeSet<String>>,
    from: &String,
) -> BTreeSet<&'graph String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&String> = siblings.get(from).into_iter().flatten().collect();
    while let Some(module) = open.pop() {
        if seen.insert(module) {
            open.extend(siblings.get(module).into_iter().flatten());
        }
    }
    seen
}

fn explain(package: &str, circle: &BTreeSet<String>, needs: &Needs) -> String {
    let mut sentence = format!(
        "{package}: modules need each other in a circle; move what they share into a module that needs \
         none of them:"
    );
    for (file, others) in needs {
        for (other, names) in others {
            let is_in = |(one, other)| circle.contains(&one) && circle.contains(&other);
            if apart(file, other).is_some_and(is_in) {
                let (file, other, names) = (file.join("::"), other.join("::"), names.join("::"));
                sentence += &format!("\n  {file} needs {other} for {names}");
            }
        }
    }
    sentence
}

impl Modules {
    fn read(&mut self, place: &Place, items: &[Item]) {
        let mut module = self.all.remove(place).unwrap_or_default();
        for item in items {
            let of_tests = attributes(item).iter().any(is_for_tests);
            if let Item::Mod(inner) = item {
                let place = [&place[..], &[inner.ident.to_string()]].concat();
                if of_tests {
                    self.tests.insert(place);
                } else if let Some((_, items)) = &inner.content {
                    self.inner.insert(place.clone());
                    self.read(&place, items);
                }
            } else if !of_tests {
                module.read(item);
            }
        }
        self.all.insert(place.clone(), module);
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs::new();
        for (place, module) in &self.all {
            if self.tests.iter().any(|tests| place.starts_with(tests)) {
                continue;
            }
            let file = self.file(place);
            let others = needs.entry(file.clone()).or_default();
            for names in &module.used {
                if let Some(Meaning::Item(definer)) = self.meaning(place, names, 0) {
                    let definer = self.file(&definer);
                    if definer != file {
                        others.insert(definer, names.clone());
                    }
                }
            }
        }
        needs
    }

    fn file(&self, place: &Place) -> Place {
        let mut place = place.clone();
        while self.inner.contains(&place) {
            place.pop();
        }
        place
    }

    /// What `names` mean in `place`, or nothing if they come from another crate or are no item's.
    fn meaning(&self, place: &Place, names: &[String], depth: u8) -> Option<Meaning> {
        let mut at = place.clone();
        let mut rest = names;
        while let Some((name, further)) = rest.split_first() {
            rest = further;
            match name.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                _ => match self.member(&at, name, depth)? {
                    Meaning::Module(module) => at = module,
                    item @ Meaning::Item(_) => return Some(item),
                },
            }
        }
        Some(Meaning::Module(at))
    }

    fn member(&self, place: &Place, name: &String, depth: u8) -> Option<Meaning> {
        // Imports that lead back to themselves would go on for ever.
        if depth > 16 {
            return None;
        }
        let module = self.all.get(place)?;
        let child = [&place[..], std::slice::from_ref(name)].concat();
        if self.all.contains_key(&child) {
            return Some(Meaning::Module(child));
        }
        if module.defined.contains(name) {
            return Some(Meaning::Item(place.clone()));
        }
        if let Some(path) = module.imported.get(name) {
            return (path[0] != *name).then(|| self.meaning(place, path, depth + 1))?;
        }
        module
            .globs
            .iter()
            .find_map(|path| match self.meaning(place, path, depth + 1)? {
                Meaning::Module(glob) if glob != *place => self.member(&glob, name, depth + 1),
                _ => None,
            })
    }
}

/// What a path leads to.
enum Meaning {
    Module(Place),
    /// Something that this module defines.
    Item(Place),
}

impl Module {
    fn read(&mut self, item: &Item) {
        let name = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Macro(item) => item.ident.as_ref(),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            Item::Union(item) => Some(&item.ident),
            _ => None,
        };
        self.defined.extend(name.map(ToString::to_string));
        if let Item::Use(item) = item {
            let passes_on = !matches!(item.vis, Visibility::Inherited);
            self.import(&item.tree, Vec::new(), passes_on);
        } else {
            self.visit_item(item);
        }
    }

    fn import(&mut self, tree: &UseTree, mut path: Names, passes_on: bool) {
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.import(&tree.tree, path, passes_on);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path.clone(), passes_on);
                }
            }
            UseTree::Glob(_) => self.globs.push(path),
            UseTree::Name(tree) => {
                let mut name = tree.ident.to_string();
                if name == "self" {
                    name = path.last().cloned().unwrap_or(name);
                } else {
                    path.push(name.clone());
                }
                self.note(name, path, passes_on);
            }
            UseTree::Rename(tree) => {
                path.push(tree.ident.to_string());
                self.note(tree.rename.to_string(), path, passes_on);
            }
        }
    }

    fn note(&mut self, name: String, path: Names, passes_on: bool) {
        if !passes_on {
            self.used.insert(path.clone());
        }
        self.imported.insert(name, path);
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_path(&mut self, path: &'ast Path) {
        let names = path.segments.iter().map(|part| part.ident.to_string());
        self.used.insert(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let tokens = call.tokens.to_string().replace(" :: ", "::");
        let is_path = |letter: char| letter.is_alphanumeric() || "_:".contains(letter);
        let paths = tokens
            .split(|letter| !is_path(letter))
            .filter(|path| path.contains("::"));
        self.used
            .extend(paths.map(|path| path.split("::").map(str::to_owned).collect()));
        visit::visit_macro(self, call);
    }
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether the attribute is `cfg(test)` or `cfg(all(test, ..))`.
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    let condition = attribute
        .meta
        .require_list()
        .ok()
        .filter(|list| list.path.is_ident("cfg"));
    let condition = condition.map(|list| {
        list.tokens
            .to_string()
            .split_whitespace()
            .collect::<String>()
    });
    condition.is_some_and(|it| it == "test" || it.starts_with("all(test,"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], allowed: &[(&str, &str, &str)]) -> Vec<String> {
        let files: Vec<TextFile> = files
            .iter()
            .map(|(path, text)| TextFile {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        let sources: Vec<(Place, &TextFile)> = files
            .iter()
            .map(|file| (place(&file.path).expect("a source"), file))
            .collect();
        judge("a", &sources, allowed)
            .expect("sources")
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn two_siblings_that_name_each_other_are_a_circle_however_they_do_it() {
        let ways = [
            "use crate::b::B; fn f(_: B) {}",
            "use super::{b, b::B as Other}; fn f(_: Other) {}",
            "fn f(_: crate::b::B) {}",
            "use super::*; fn f(_: B) {}",
            "fn f() { panic!(\"{}\", crate::b::B) }",
            "use crate::b; fn f() -> b::B { b::B::default() }",
            "mod inner { use crate::b::B; fn f(_: B) {} }",
        ];
        for way in ways {
            let a = format!("pub struct A; {way}");
            let files = [
                ("lib.rs", "mod a; pub use a::A; mod b; pub use b::B;"),
                ("a.rs", &a),
                ("b.rs", "use crate::A; #[derive(Default)] pub struct B(A);"),
            ];
            let problems = found(&files, &[]);
            assert_eq!(problems.len(), 1, "{way}");
            assert!(
                problems[0].contains("\n  b needs a for crate::A"),
                "{problems:?}"
            );
            assert!(found(&files, &[("a", "b", "a reason")]).is_empty());
        }
    }

    #[test]
    fn a_circle_of_three_and_one_between_the_children_of_siblings_are_found() {
        let three = [
            ("main.rs", "mod a; mod b; mod c;"),
            ("a.rs", "pub struct A(crate::b::B);"),
            ("b.rs", "pub struct B(crate::c::C);"),
            ("c.rs", "pub struct C(Vec<crate::a::A>);"),
        ];
        assert_eq!(found(&three, &[]).len(), 1);
        let below = [
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "pub mod one; pub mod two;"),
            (
                "a/one.rs",
                "pub struct One; use crate::b::inside::B; fn f(_: B) {}",
            ),
            ("a/two.rs", "pub struct Two;"),
            ("b.rs", "pub mod inside;"),
            (
                "b/inside.rs",
                "pub struct B; fn f(_: crate::a::two::Two) {}",
            ),
        ];
        assert_eq!(found(&below, &[]).len(), 1);
    }

    #[test]
    fn one_direction_a_parent_and_its_child_and_tests_are_no_circle() {
        let files = [
            (
                "lib.rs",
                "mod a; pub use a::A; mod b; pub use b::{B, child::Child}; fn all(_: B) {}",
            ),
            (
                "a.rs",
                "pub struct A; #[cfg(test)] mod tests { use crate::B; fn f(_: B) {} }",
            ),
            (
                "b/mod.rs",
                "pub mod child; pub struct B(child::Child); #[cfg(test)] mod tests;",
            ),
            (
                "b/child.rs",
                "use super::B; use crate::A; pub struct Child; fn f(_: B, _: A) {}",
            ),
            ("b/tests.rs", "use crate::a::A; fn f(_: A) {}"),
        ];
        assert_eq!(found(&files, &[]), Vec::<String>::new());
    }

    #[test]
    fn an_allowance_that_nothing_needs_is_a_problem() {
        let problems = found(&[("lib.rs", "pub struct A;")], &[("a", "b", "a reason")]);
        assert!(
            problems[0].contains("b is in no circle any more"),
            "{problems:?}"
        );
    }

    #[test]
    fn source_that_cannot_be_read_is_no_success() {
        let file = TextFile {
            path: "lib.rs".to_owned(),
            text: "struct".to_owned(),
        };
        assert!(judge("a", &[(Vec::new(), &file)], &[]).is_err());
    }
}
