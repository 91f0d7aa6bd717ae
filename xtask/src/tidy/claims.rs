//! Every promise is known, and what is said to show it exists.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::tree::{Finding, Tree, line_of, words_at};

const RULE: &str = "claims";
const FILE: &str = "claims.toml";

/// The promises by the system they come from: `FM-1` to `FM-17`, and so on.
const KNOWN: &[(&str, u32)] = &[("FM", 17), ("LC", 35), ("IA", 23), ("PT", 39), ("AB", 69)];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    claim: Vec<Claim>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    id: String,
    #[serde(rename = "system")]
    _system: String,
    #[serde(rename = "area")]
    _area: String,
    #[serde(rename = "proof")]
    _proof: Proof,
    #[serde(rename = "asks")]
    _asks: String,
    state: State,
    evidence: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Proof {
    Probe,
    #[serde(rename = "self")]
    Itself,
    Test,
    Client,
    Guide,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Partly,
    Shown,
}

/// Checks `claims.toml` against the known ids and against the files it names.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(FILE) else {
        return vec![finding(1, "is missing; it holds every promise".to_owned())];
    };
    let claims: Claims = match toml::from_str(text) {
        Ok(claims) => claims,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            return vec![finding(line, format!("cannot be read: {}", error.message()))];
        }
    };
    let mut found = ids(text, &claims.claim);
    for claim in &claims.claim {
        let line = line_of_claim(text, &claim.id);
        found.extend(evidence(tree, claim).into_iter().map(|say| finding(line, say)));
    }
    found
}

fn ids(text: &str, claims: &[Claim]) -> Vec<Finding> {
    let known: BTreeSet<String> = KNOWN
        .iter()
        .flat_map(|(system, last)| (1..=*last).map(move |number| format!("{system}-{number}")))
        .collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for claim in claims {
        let line = line_of_claim(text, &claim.id);
        if !known.contains(&claim.id) {
            found
                .push(finding(line, format!("`{}` is no known promise; correct its id", claim.id)));
        }
        if !seen.insert(claim.id.clone()) {
            found.push(finding(line, format!("`{}` stands here twice; keep one", claim.id)));
        }
    }
    let lost = known.difference(&seen);
    found.extend(lost.map(|id| finding(1, format!("promise `{id}` is lost; put it back"))));
    found
}

/// What is wrong with the evidence of one claim.
fn evidence(tree: &Tree, claim: &Claim) -> Vec<String> {
    let id = &claim.id;
    let mut wrong: Vec<String> =
        claim.evidence.iter().filter_map(|named| missing(tree, named)).collect();
    match (claim.state, claim.evidence.is_empty()) {
        (State::Open, false) => {
            wrong.push(format!("`{id}` is open and has evidence; make it partly or shown"));
        }
        (State::Partly | State::Shown, true) => {
            wrong.push(format!("`{id}` has no evidence; name it, or make the claim open"));
        }
        (State::Open, true) | (State::Partly | State::Shown, false) => {}
    }
    for message in &mut wrong {
        if !message.contains(id.as_str()) {
            *message = format!("`{id}`: {message}");
        }
    }
    wrong
}

/// Why a piece of evidence does not exist: `path`, or `path::name` of a test in that file.
fn missing(tree: &Tree, named: &str) -> Option<String> {
    let (path, name) = match named.split_once("::") {
        Some((path, name)) => (path, Some(name.rsplit("::").next().unwrap_or(name))),
        None => (named, None),
    };
    let Some(text) = tree.text(path) else {
        let say = format!("evidence `{path}` is no file of this repository; name one");
        return (!tree.has(path) || name.is_some()).then_some(say);
    };
    let name = name?;
    (!holds_test(path, text, name))
        .then(|| format!("`{path}` has no test `{name}`; name one it has"))
}

fn holds_test(path: &str, text: &str, name: &str) -> bool {
    let word = match path.rsplit('.').next() {
        Some("rs") => "fn ",
        Some("py") => "def ",
        _ => return ['"', '\'', '`'].iter().any(|q| text.contains(&format!("{q}{name}{q}"))),
    };
    words_at(text, name).any(|at| text[..at].ends_with(word))
}

fn line_of_claim(text: &str, id: &str) -> usize {
    text.rfind(&format!("id = \"{id}\"")).map_or(1, |at| line_of(text, at))
}

fn finding(line: usize, say: String) -> Finding {
    Finding { path: FILE.to_owned(), line, rule: RULE, say }
}

#[cfg(test)]
mod tests;
