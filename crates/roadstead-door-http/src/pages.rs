//! What people see: pages that read without JavaScript, and that it improves.
//!
//! Every text goes through the templates, which escape it; the manual is the one exception,
//! and it comes from the repository.

mod frame; // what every page carries
mod session; // signed in or sent to sign in; forms prove where they come from
mod text; // units and values as people read them

mod claim; // whoever has the link becomes the owner
mod sign_in; // by password or one-time link, and out again

mod rows; // devices as lists show them

mod compare; // sensors of any device in one chart
mod device; // one device
mod device_changes; // name, place, sensors by hand
mod device_forms; // making, changing and removing devices and their tokens
mod overview; // the first page and the list of devices
mod place; // one space or asset
mod places; // spaces, assets, and what stands in them
mod senders; // who sent a value, as far as one may know
mod types; // device types
mod snippets; // commands that send a first value
mod access; // people, and grants on things
mod account; // one's own password
mod tokens; // one's own API tokens

mod explorer; // the API, ready to try
mod files; // the browser's side, the certificate, and what robots ask for
mod manual; // the manual
mod problems; // what each problem type means

use axum::Router;
use axum::routing::{MethodFilter, on};

use crate::App;
use crate::routes::{Entry, Proof};

pub(crate) use problems::problem;

/// Makes the table and the router of the same lines, so that they cannot differ.
macro_rules! pages {
    ($($method:ident $path:literal $proof:ident $handler:path, $why:literal;)*) => {
        /// Every page and form, what it takes to use it, and why.
        pub const PAGES: &[Entry] = &[$(Entry {
            method: stringify!($method),
            path: $path,
            proof: Proof::$proof,
            why: $why,
        }),*];

        /// Builds the router of all pages.
        pub(crate) fn router() -> Router<App> {
            Router::new()$(.route($path, on(MethodFilter::$method, $handler)))*
        }
    };
}

pages! {
    GET "/claim" Nothing claim::ask, "a form; until the first claim nothing else answers";
    POST "/claim" LinkOrPassword claim::claim, "the claim link's secret";
    GET "/sign-in" Nothing sign_in::ask, "a form";
    POST "/sign-in" LinkOrPassword sign_in::sign_in, "the password";
    POST "/sign-in/link" LinkOrPassword sign_in::sign_in_by_link, "the one-time link's secret";
    POST "/sign-out" Session sign_in::sign_out, "ends the session itself";
    GET "/" Session overview::overview, "read; others are left out";
    GET "/devices" Session overview::devices, "read; others are left out";
    GET "/devices/new" Session device_forms::ask, "manage any place";
    POST "/devices/new" Session device_forms::create, "manage the place";
    GET "/devices/{device}" Session device::show_device, "read the device";
    POST "/devices/{device}/change" Session device_changes::change, "manage the device, and the new place";
    POST "/devices/{device}/sensors" Session device_changes::add_sensor, "manage the device";
    POST "/devices/{device}/sensors/remove" Session device_changes::remove_sensor, "manage the sensor";
    POST "/devices/{device}/tokens" Session device_forms::issue, "manage the device";
    POST "/devices/{device}/credentials/{credential}/revoke" Session device_forms::revoke, "manage the device";
    POST "/devices/{device}/delete" Session device_forms::delete, "manage the device";
    GET "/compare" Session compare::compare, "read each sensor";
    GET "/places" Session places::places, "read; others are left out";
    POST "/places/spaces" Session places::add_space, "manage the parent";
    POST "/places/assets" Session places::add_asset, "manage the place";
    GET "/places/{place}" Session place::place, "manage the place";
    POST "/places/{place}" Session place::change, "manage the place; to move it, its parent and the new one";
    POST "/places/{place}/delete" Session place::delete, "manage the place";
    GET "/types" Session types::types, "a contract is no secret within its tenant";
    POST "/types" Session types::create, "manage the tenant";
    POST "/types/{type}" Session types::change, "manage the tenant";
    POST "/types/{type}/delete" Session types::delete, "manage the tenant";
    GET "/access" Session access::access, "manage the thing; people only for whoever manages the tenant";
    POST "/access/people" Session access::invite, "manage the tenant";
    POST "/access/grants" Session access::give, "manage the thing, and have all that is given";
    POST "/access/grants/{grant}/end" Session access::end, "manage the thing, and have all that is ended";
    GET "/account" Session account::account, "one's own";
    POST "/account/password" Session account::set_password, "one's own, and the present password";
    GET "/api" Session explorer::explorer, "requests are sent as oneself";
    GET "/tokens" Session tokens::list, "one's own";
    POST "/tokens" Session tokens::create, "one's own, never with more than one has";
    POST "/tokens/{credential}/revoke" Session tokens::revoke, "one's own";
    GET "/manual" Nothing manual::index, "the manual says nothing about this server's tenants";
    GET "/manual/{chapter}" Nothing manual::chapter, "the manual says nothing about this server's tenants";
    GET "/problems/{kind}" Nothing problems::kind, "says what a problem type means";
    GET "/ca.pem" Nothing files::authority, "a certificate is public";
    GET "/assets/{file}" Nothing files::asset, "the browser's side is the same on every server";
    GET "/favicon.ico" Nothing files::favicon, "a picture";
    GET "/robots.txt" Nothing files::robots, "nothing here is for search engines";
    GET "/.well-known/security.txt" Nothing files::security_txt, "where to report a weakness";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pages_collide_and_every_change_needs_a_proof() {
        let _ = router(); // panics when two lines have the same method and path
        for page in PAGES.iter().filter(|page| page.method != "GET") {
            assert_ne!(page.proof, Proof::Nothing, "{} {}", page.method, page.path);
        }
    }
}
