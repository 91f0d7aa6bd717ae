//! Rust text as far as the rules need it: without comments and strings, functions by counting braces.

use crate::tree::{is_word, line_of, words_at};

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Where its `fn` stands, from 1.
    pub(crate) line: usize,
    /// Lines between its braces that hold code.
    pub(crate) lines: usize,
}

/// The same text, byte for byte as long, with comments blank and the insides of literals made `x`.
pub(crate) fn code_only(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < code.len() {
        let Some((end, with)) = literal_or_comment(text, at) else {
            at += 1;
            continue;
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = with;
            }
        }
        at = end;
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// Where the comment or literal that begins at `at` ends, and what its bytes become.
fn literal_or_comment(text: &str, at: usize) -> Option<(usize, u8)> {
    let rest = text.as_bytes().get(at..)?;
    let after_word = at.checked_sub(1).is_some_and(|before| is_word(text.as_bytes()[before]));
    let length = match rest {
        [b'/', b'/', ..] => return Some((at + until_newline(rest), b' ')),
        [b'/', b'*', ..] => return Some((at + block_comment(rest), b' ')),
        [b'"', ..] => quoted(rest),
        [b'r', ..] if !after_word => raw(rest, 1)?,
        [b'b' | b'c', b'r', ..] if !after_word => raw(rest, 2)?,
        [b'\'', ..] => character(rest)?,
        _ => return None,
    };
    Some((at + length, b'x'))
}

fn until_newline(rest: &[u8]) -> usize {
    rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string whose hashes begin at `prefix`; nothing for a raw identifier or a plain word.
fn raw(rest: &[u8], prefix: usize) -> Option<usize> {
    let hashes = rest[prefix..].iter().take_while(|&&byte| byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let inside = rest[open + 1..].windows(close.len()).position(|window| window == close);
    Some(inside.map_or(rest.len(), |length| open + 1 + length + close.len()))
}

/// The length of a character literal; nothing for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        let close = rest[3..].iter().position(|&byte| byte == b'\'')?;
        return Some(3 + close + 1);
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(5)]);
    let first = match text {
        Ok(text) => text.chars().next()?,
        Err(cut) => std::str::from_utf8(&rest[1..=cut.valid_up_to()]).ok()?.chars().next()?,
    };
    let close = 1 + first.len_utf8();
    (rest.get(close) == Some(&b'\'')).then_some(close + 1)
}

/// The text with every item under `#[cfg(test)]` blank. Wants [`code_only`] text.
pub(crate) fn without_tests(code: &str) -> String {
    let mut left = code.as_bytes().to_vec();
    for (start, end) in test_items(code) {
        for byte in left[start..end].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
    }
    String::from_utf8_lossy(&left).into_owned()
}

/// How many lines the items under `#[cfg(test)]` take. Wants [`code_only`] text.
pub(crate) fn lines_of_tests(code: &str) -> usize {
    test_items(code).map(|(start, end)| line_of(code, end) - line_of(code, start) + 1).sum()
}

fn test_items(code: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    code.match_indices("#[cfg(test)]").filter_map(|(start, attribute)| {
        let open = body(code, start + attribute.len())?;
        Some((start, open + block_length(&code[open..])))
    })
}

/// Functions with a body, in order. Wants [`code_only`] text.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    words_at(code, "fn").filter_map(|at| function(code, at)).collect()
}

fn function(code: &str, at: usize) -> Option<Function> {
    let after = code[at + 2..].trim_start();
    let name: String = after.bytes().take_while(|&byte| is_word(byte)).map(char::from).collect();
    if name.is_empty() {
        return None; // the type of a function pointer
    }
    let open = body(code, at)?;
    let inside = &code[open + 1..open + block_length(&code[open..])];
    let lines = inside.trim_end_matches('}').lines().filter(|line| !line.trim().is_empty());
    Some(Function { name, line: line_of(code, at), lines: lines.count() })
}

/// Where the braces of the item that begins at `from` open; nothing if it ends with a semicolon before.
fn body(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The length of the block that begins with the first brace.
fn block_length(code: &str) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

#[cfg(test)]
mod tests;
