//! Licence expressions as crates write them: names, `AND`, `OR` (or `/`), `WITH`, and brackets.

/// Whether the allowed licences satisfy the expression. What cannot be read is not allowed.
pub(crate) fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    reader.either() == Some(true) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Reader<'_> {
    fn take(&mut self) -> Option<&str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn skip(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn either(&mut self) -> Option<bool> {
        let mut fits = self.both()?;
        while self.skip("OR") {
            fits |= self.both()?;
        }
        Some(fits)
    }

    fn both(&mut self) -> Option<bool> {
        let mut fits = self.one()?;
        while self.skip("AND") {
            fits &= self.one()?;
        }
        Some(fits)
    }

    fn one(&mut self) -> Option<bool> {
        if self.skip("(") {
            let fits = self.either()?;
            return self.skip(")").then_some(fits);
        }
        let mut name = self.take()?.to_owned();
        if self.skip("WITH") {
            name = format!("{name} WITH {}", self.take()?);
        }
        Some(self.allowed.contains(&name))
    }
}
