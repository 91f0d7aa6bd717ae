//! What can be typed and what is refused.

use clap::CommandFactory;

use super::*;

fn typed(line: &str) -> Result<Command, clap::Error> {
    let words = std::iter::once("roadstead").chain(line.split_whitespace());
    Arguments::try_parse_from(words).map(|arguments| arguments.command)
}

#[test]
fn the_commands_contradict_neither_each_other_nor_clap() {
    Arguments::command().debug_assert();
}

#[test]
fn every_documented_command_can_be_typed() {
    let lines = include_str!("../../../../docs/manual/08-commands.md");
    let rows = lines.lines().filter_map(|line| line.strip_prefix("| `roadstead "));
    let mut count = 0;
    for row in rows {
        let line = row.split('`').next().unwrap();
        let words: Vec<_> = line
            .split_whitespace()
            .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            .collect();
        let mut command = Arguments::command();
        for word in &words {
            let inner = command.find_subcommand(word).cloned();
            command =
                inner.unwrap_or_else(|| panic!("`{line}` is documented, but there is no `{word}`"));
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn serve_needs_nothing_and_takes_what_the_manual_says() {
    assert!(matches!(typed("serve"), Ok(Command::Serve(_))));
    let Ok(Command::Serve(how)) =
        typed("serve --config a.toml --data d --demo --as-root-for-testing")
    else {
        panic!("not taken");
    };
    assert!(how.demo && how.as_root_for_testing && how.place.data == Some("d".into()));
}

#[test]
fn a_claim_needs_link_tenant_and_address() {
    assert!(typed("claim LINK --ca ca.pem --tenant Acme --email a@b.c --password-file p").is_ok());
    assert!(typed("claim LINK --tenant Acme").is_err());
}

#[test]
fn json_and_profile_go_with_every_command() {
    let arguments = Arguments::try_parse_from([
        "roadstead",
        "device",
        "add",
        "kitchen",
        "--json",
        "--profile",
        "x",
    ]);
    let manner = arguments.unwrap().manner;
    assert!(manner.json && manner.profile.as_deref() == Some("x"));
}
