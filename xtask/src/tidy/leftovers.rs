//! What a machine or a hurry leaves behind: paths of one machine, hosts of registries, marks of unfinished work.

use crate::tree::{Finding, Tree, is_word, line_of, words_at};

const RULE: &str = "leftovers";

/// Folders that are somebody's own. Written in halves, so that this file does not find itself.
const FOLDERS: &[&str] = &[concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/")];
const SCRATCH: &str = concat!("/", "tmp/");

/// Hosts that packages come from. Which one is used is the choice of the machine, not of the project.
const REGISTRIES: &[&str] = &[
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("files.", "pythonhosted.org"),
    concat!("pypi.", "org/simple"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
];

/// The only source of crates, as Cargo.lock names it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

const MARKS: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

/// Checks every text file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files().flat_map(|(path, text)| in_file(path, text)).collect()
}

fn in_file(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |at: usize, say: String| {
        found.push(Finding { path: path.to_owned(), line: line_of(text, at), rule: RULE, say });
    };
    for at in machine_paths(text) {
        add(
            at,
            "holds a path of one machine; make it relative, or take it from the environment".into(),
        );
    }
    if path.ends_with("Cargo.lock") {
        for at in foreign_sources(text) {
            add(
                at,
                format!(
                    "takes a crate from elsewhere than `{CRATES_IO}`; use what is published there"
                ),
            );
        }
    }
    if path.ends_with("package-lock.json") {
        for (at, _) in text.match_indices("\"resolved\": \"http") {
            add(at, "names the host a package came from; `npm config set omit-lockfile-registry-resolved \
                     true`, then write the lock again".into());
        }
    }
    for host in REGISTRIES {
        for (at, _) in text.match_indices(host) {
            add(
                at,
                format!(
                    "names the registry host `{host}`; which one is used is the machine's choice"
                ),
            );
        }
    }
    for at in MARKS.iter().flat_map(|mark| words_at(text, mark)) {
        add(at, "marks unfinished work; finish it, or write it down as an issue".into());
    }
    found.dedup();
    found
}

fn machine_paths(text: &str) -> Vec<usize> {
    let own = FOLDERS.iter().flat_map(|folder| text.match_indices(folder));
    let scratch = text.match_indices(SCRATCH).filter(|(at, found)| {
        text.as_bytes().get(at + found.len()).is_some_and(|&next| is_word(next))
    });
    let mut found: Vec<usize> = own.chain(scratch).map(|(at, _)| at).collect();
    found.retain(|&at| begins_a_path(text, at));
    found
}

/// Whether the slash at `at` begins a path, rather than going on with one as in `web/home/` or `$HOME/work/`.
fn begins_a_path(text: &str, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| text.as_bytes()[before]) else { return true };
    !is_word(before) && !b".-}*)~/".contains(&before)
}

fn foreign_sources(lock: &str) -> impl Iterator<Item = usize> + '_ {
    lock.match_indices("\nsource = \"").filter_map(|(at, found)| {
        let source = lock[at + found.len()..].split('"').next()?;
        (source != CRATES_IO).then_some(at + 1)
    })
}

#[cfg(test)]
mod tests;
