//! `roadstead config …`: looks, and starts nothing.

use std::process::ExitCode;

use super::{Config, Sources, check as findings_of, read, show as text_of};
use crate::args::Place;

/// Says whether a server could start; each finding on a line of its own.
pub(crate) fn check(place: Place) -> anyhow::Result<ExitCode> {
    let settings = read(&Sources::here(place.config, place.data))?;
    let findings = findings_of(&Config::of(&settings)?);
    for finding in &findings {
        eprintln!("{}: `{}`: {}", settings.origin(finding.key), finding.key, finding.say);
    }
    if findings.is_empty() {
        println!("The configuration is right.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// Prints everything in force.
pub(crate) fn show(place: Place) -> anyhow::Result<()> {
    let settings = read(&Sources::here(place.config, place.data))?;
    Config::of(&settings)?;
    print!("{}", text_of(&settings));
    Ok(())
}
