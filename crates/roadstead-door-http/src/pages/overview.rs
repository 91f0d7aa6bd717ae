//! The overview and the list of devices.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::Read;
use roadstead_services::DeviceState;
use serde::Deserialize;

use super::frame::{Page, Say, show};
use super::rows::{DeviceRow, Surroundings, heard, may_manage};
use super::session::Signed;
use crate::App;
use crate::problem::Problem;

/// Rows on one page.
const ROWS: usize = 100;

/// The first page.
#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    page: Page,
    device_count: usize,
    online_count: usize,
    devices: Vec<DeviceRow>,
    may_manage: bool,
}

/// All devices, page by page.
#[derive(Template)]
#[template(path = "devices.html")]
struct DevicesPage {
    page: Page,
    device_count: usize,
    devices: Vec<DeviceRow>,
    next_href: Option<String>,
    may_manage: bool,
}

/// Shows what is here and what it says.
pub(crate) async fn overview(
    State(app): State<App>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let scope = app.guard.scope::<Read>(&visitor.caller)?;
    let around = Surroundings::of(&app, &scope);
    let (mut devices, mut device_count, mut online_count) = (Vec::new(), 0, 0);
    for device in app.things.directory().devices(&scope) {
        let Some(heard) = heard(&app, &scope, &device) else { continue };
        device_count += 1;
        online_count += usize::from(heard.state == DeviceState::Online);
        if devices.len() < ROWS {
            devices.push(DeviceRow::of(&device, &heard, &around));
        }
    }
    let page = Page::new(&app, "Overview", "overview", Some(&visitor)).saying(&say);
    let may_manage = may_manage(&app, &visitor.caller);
    show(StatusCode::OK, &OverviewPage { page, device_count, online_count, devices, may_manage })
}

/// Which page of the list.
#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    page: usize,
}

/// Lists the devices.
pub(crate) async fn devices(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let scope = app.guard.scope::<Read>(&visitor.caller)?;
    let around = Surroundings::of(&app, &scope);
    let all = app.things.directory().devices(&scope);
    let (from, next_href) = slice(which.page, all.len());
    let shown = all.iter().skip(from).take(ROWS);
    let row = |device| Some(DeviceRow::of(device, &heard(&app, &scope, device)?, &around));
    let devices = shown.filter_map(row).collect();
    let page = Page::new(&app, "Devices", "devices", Some(&visitor)).saying(&say);
    let may_manage = may_manage(&app, &visitor.caller);
    let device_count = all.len();
    show(StatusCode::OK, &DevicesPage { page, device_count, devices, next_href, may_manage })
}

/// Where a page of the list begins, and the address of the next one.
fn slice(page: usize, count: usize) -> (usize, Option<String>) {
    let from = page.max(1).saturating_sub(1).saturating_mul(ROWS);
    let more = from.saturating_add(ROWS) < count;
    (from, more.then(|| format!("/devices?page={}", page.max(1) + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_ends_with_its_last_page() {
        assert_eq!(slice(0, 100), (0, None));
        assert_eq!(slice(1, 101), (0, Some("/devices?page=2".into())));
        assert_eq!(slice(2, 101), (100, None));
        assert_eq!(slice(usize::MAX, 5).1, None);
    }
}
