//! Stops the build early, and says what to do, when the browser's side was not built.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
    println!("cargo::rerun-if-changed=../../docs/manual");
    if !Path::new("../../web/dist/app.js").exists() {
        println!("cargo::error=web/dist is missing: run `make web` first");
    }
}
