//! A licence that does not fit and a banned crate are found.

use super::*;

fn allowed(expression: &str) -> bool {
    let allow = ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"];
    expression::is_allowed(expression, &allow.map(str::to_owned))
}

#[test]
fn an_expression_fits_when_the_allowed_licences_satisfy_it() {
    for fits in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0/MIT",
        "MIT AND Apache-2.0",
        "(GPL-3.0 OR MIT) AND ISC",
        "Apache-2.0 WITH LLVM-exception",
        "GPL-3.0 AND ISC OR MIT",
    ] {
        assert!(allowed(fits), "{fits}");
    }
}

#[test]
fn an_expression_that_needs_another_licence_or_cannot_be_read_does_not_fit() {
    for misfit in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "MIT WITH LLVM-exception",
        "(GPL-3.0 OR MPL-2.0) AND MIT",
        "GPL-3.0 OR ISC AND MPL-2.0",
        "",
        "(MIT",
        "MIT ISC",
        "MIT OR",
    ] {
        assert!(!allowed(misfit), "{misfit}");
    }
}

#[test]
fn a_misfit_and_a_banned_crate_are_found_and_our_own_are_left_out() {
    let deny: Deny = toml::from_str(
        "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ crate = \"ring\", reason = \"one\" }]\n",
    )
    .unwrap();
    let tree =
        "ours v0.1.0 (/x/ours)\tGPL-3.0\n\nfine v1.0.0\tMIT\nring v0.17.0\tMIT\nodd v2.0.0\t\n";
    let lock = "\n[[package]]\nname = \"odd\"\nversion = \"2.0.0\"\n";
    let built = read(tree);
    let found: Vec<_> = built.iter().flat_map(|one| compare(&deny, one, lock)).collect();
    assert_eq!(found.len(), 2);
    assert!(found[0].say.starts_with("`odd`") && found[0].line == 3);
    assert!(found[1].say.starts_with("`ring` is banned"));
}
