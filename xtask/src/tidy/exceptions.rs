//! Who may break which rule, and why. An exception that no longer excuses anything is a finding itself.

use crate::tree::Finding;

/// One rule that one file may break.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exception {
    pub(crate) rule: &'static str,
    pub(crate) path: &'static str,
    /// What the finding says, or a part of it; so that a second fault of the same file is still found.
    pub(crate) about: &'static str,
    pub(crate) reason: &'static str,
}

/// The list. A new entry is a decision: say why the rule serves badly there.
pub(crate) const EXCEPTIONS: &[Exception] = &[];

/// Takes out what is excused, and adds what is excused in vain.
pub(crate) fn apply(exceptions: &[Exception], found: Vec<Finding>) -> Vec<Finding> {
    let stale = exceptions.iter().filter(|e| !found.iter().any(|finding| covers(e, finding)));
    let stale: Vec<Finding> = stale.map(in_vain).collect();
    let left = found.into_iter().filter(|f| !exceptions.iter().any(|e| covers(e, f)));
    left.chain(stale).collect()
}

fn covers(exception: &Exception, finding: &Finding) -> bool {
    exception.rule == finding.rule
        && exception.path == finding.path
        && finding.say.contains(exception.about)
        && !exception.reason.is_empty()
}

fn in_vain(exception: &Exception) -> Finding {
    Finding {
        path: "xtask/src/tidy/exceptions.rs".to_owned(),
        line: 1,
        rule: "exceptions",
        say: format!(
            "the exception of `{}` from `{}` excuses nothing or gives no reason; remove it",
            exception.path, exception.rule
        ),
    }
}

#[cfg(test)]
mod tests;
