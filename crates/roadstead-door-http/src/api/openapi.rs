//! The description of the API, generated from the routes (OpenAPI 3.1).

use axum::Json;
use axum::extract::State;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    access, audit, devices, latest, live, measurements, places, send, session, tokens, types,
};
use crate::App;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Roadstead",
        description = "Measurements, devices and places of one tenant. Errors are problems as of RFC 9457.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    security(("token" = [])),
    modifiers(&Credentials)
)]
struct Frame;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", token);
    }
}

/// Every REST route with its description.
pub(crate) fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Frame::openapi())
        .routes(routes!(session::claim))
        .routes(routes!(session::log_in))
        .routes(routes!(session::log_out))
        .routes(routes!(session::who_am_i))
        .routes(routes!(access::set_password))
        .routes(routes!(devices::list_devices, devices::create_device))
        .routes(routes!(devices::show_device, devices::change_device, devices::remove_device))
        .routes(routes!(devices::list_device_credentials, devices::create_device_credential))
        .routes(routes!(devices::end_device_credential))
        .routes(routes!(types::list_sensors, types::create_sensor))
        .routes(routes!(types::change_sensor, types::remove_sensor))
        .routes(routes!(types::list_types, types::create_type))
        .routes(routes!(types::change_type, types::remove_type))
        .routes(routes!(places::list_spaces, places::create_space))
        .routes(routes!(places::change_space, places::remove_space))
        .routes(routes!(places::list_assets, places::create_asset))
        .routes(routes!(places::change_asset, places::remove_asset))
        .routes(routes!(send::send_measurements, measurements::device_measurements))
        .routes(routes!(measurements::measurements))
        .routes(routes!(latest::latest))
        .routes(routes!(live::follow))
        .routes(routes!(live::follow_by_websocket))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::end_token))
        .routes(routes!(access::list_people, access::invite_person))
        .routes(routes!(access::list_grants, access::give_grant))
        .routes(routes!(access::end_grant))
        .routes(routes!(audit::show_audit))
}

/// The description alone.
pub(crate) async fn document(State(_): State<App>) -> Json<Document> {
    Json(described().into_openapi())
}
