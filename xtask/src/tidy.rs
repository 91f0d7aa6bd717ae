//! The rules of the house. Each rule is one file: it looks at the tree and says what to change.

mod rooms; // each crate introduces itself
mod arrows; // who leans on whom, and who may name a backend
mod headers; // each file introduces itself
mod sizes; // files and functions within their budgets
mod leftovers; // paths of a machine, hosts of registries, marks of unfinished work
mod claims; // every promise known, every piece of evidence existing
mod links; // links between documents lead somewhere
mod rust; // Rust text without its comments and strings
mod exceptions; // who may break which rule, and why

use crate::tree::{Finding, Tree};

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    arrows::check,
    rooms::check,
    headers::check,
    sizes::check,
    leftovers::check,
    claims::check,
    links::check,
];

/// Every finding that no exception covers, in order of path and line.
pub(crate) fn run(tree: &Tree) -> Vec<Finding> {
    let found = RULES.iter().flat_map(|rule| rule(tree)).collect();
    let mut left = exceptions::apply(exceptions::EXCEPTIONS, found);
    left.sort();
    println!("tidy: {} rules over {} files", RULES.len(), tree.files().count());
    left
}
