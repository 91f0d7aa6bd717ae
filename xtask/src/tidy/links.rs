//! Links between documents lead somewhere.

use crate::tree::{Finding, Tree, line_of};

/// Checks that each link of a Markdown file to a file of the repository leads to one that exists.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let documents = tree.ending(&[".md"]);
    documents.flat_map(|(path, text)| dead_links(tree, path, &without_code(text))).collect()
}

fn dead_links(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let dead = targets(text).filter(|(_, target)| match resolve(folder, target) {
        Some(file) => !tree.has(&file),
        None => true,
    });
    dead.map(|(at, target)| Finding {
        path: path.to_owned(),
        line: line_of(text, at),
        rule: "links",
        say: format!("links to `{target}`, which does not exist; correct the link or add the file"),
    })
    .collect()
}

/// Targets of `[words](target)` and of `[label]: target` that name a file, with their place.
fn targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let inline = text.match_indices("](").filter_map(|(at, found)| {
        let rest = &text[at + found.len()..];
        Some((at, &rest[..rest.find([')', ' ', '\n'])?]))
    });
    let labels = text.match_indices("]: ").filter_map(|(at, found)| {
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text[at + found.len()..].split(char::is_whitespace).next()?;
        text[line_start..].starts_with('[').then_some((at, rest))
    });
    inline.chain(labels).filter(|(_, target)| is_file(target))
}

fn is_file(target: &str) -> bool {
    // An address with a scheme, a place in the same document, or a page of the running server.
    !target.contains(':') && !target.starts_with(['#', '/']) && !target.is_empty()
}

/// The path from the root of the clone; nothing if it leads out of it.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let file = target.split('#').next().unwrap_or(target);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The text with fenced blocks and `code` blank, as long and with the same lines.
fn without_code(text: &str) -> String {
    let mut fenced = false;
    let mut code = false;
    let mut left = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```");
        for letter in line.chars() {
            code ^= letter == '`' && !fence && !fenced;
            let blank = (code || fenced || fence) && letter != '\n';
            left.extend(std::iter::repeat_n(
                if blank { ' ' } else { letter },
                if blank { letter.len_utf8() } else { 1 },
            ));
        }
        fenced ^= fence;
        code &= !line.trim().is_empty();
    }
    left
}

#[cfg(test)]
mod tests;
