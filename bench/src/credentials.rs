//! Who the connections log in as: lines of `user:password`, reused in turn.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// A user name and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Reads a file of `user:password` lines; blank lines do not count.
pub(crate) fn read(path: &Path) -> Result<Vec<Credential>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| format!("reading {}", path.display()))
}

fn parse(text: &str) -> Result<Vec<Credential>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let credentials: Vec<_> = lines
        .map(|(at, line)| {
            let (user, password) = line
                .trim()
                .split_once(':')
                .with_context(|| format!("line {} is not `user:password`", at + 1))?;
            Ok(Credential { user: user.to_owned(), password: password.to_owned() })
        })
        .collect::<Result<_>>()?;
    ensure!(!credentials.is_empty(), "there is no credential in it");
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_hold_colons() {
        let credentials = parse("pump-7:a:b\n\nmeter:c\n").unwrap();
        assert_eq!(credentials.len(), 2);
        assert_eq!(credentials[0].password, "a:b");
    }

    #[test]
    fn a_bad_line_is_named_without_its_content() {
        let error = parse("a:b\nsecret\n").unwrap_err().to_string();
        assert_eq!(error, "line 2 is not `user:password`");
    }

    #[test]
    fn an_empty_file_is_refused() {
        assert!(parse("\n\n").is_err());
    }
}
