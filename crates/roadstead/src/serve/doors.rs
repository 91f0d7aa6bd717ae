//! The doors, opened on their sockets and closed together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use roadstead_door_http::{App, Listener, MqttHandOver, MqttStream, router, serve, serve_plain};
use roadstead_door_mqtt::{CancellationToken, MqttDoor};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::announce::Open;
use crate::assemble::{self, Site};
use crate::config::Config;
use crate::listen::bind_all;
use crate::tls::{Protocols, Served, server_config};

/// Every socket, bound before anything is announced.
pub(super) struct Sockets {
    https: Vec<TcpListener>,
    mqtt: Vec<TcpListener>,
    http: Vec<TcpListener>,
}

impl Sockets {
    /// Binds what is configured; a taken port is named with its key.
    pub(super) fn bind(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            https: bind_all("door.https.listen", &config.https.listen)?,
            mqtt: bind_all("door.mqtt.listen", &config.mqtt.listen)?,
            http: bind_all("door.http.listen", &config.http.listen)?,
        })
    }

    /// The port of the first HTTPS listener.
    pub(super) fn https_port(&self) -> Option<u16> {
        addresses(&self.https).first().map(SocketAddr::port)
    }
}

fn addresses(sockets: &[TcpListener]) -> Vec<SocketAddr> {
    sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect()
}

/// Where each door listens.
#[derive(Debug, Clone)]
struct Addresses {
    https: Vec<SocketAddr>,
    mqtt: Vec<SocketAddr>,
    http: Vec<SocketAddr>,
}

/// The open doors.
pub(super) struct Doors {
    at: Addresses,
    mqtt: Option<MqttDoor>,
    stop: watch::Sender<bool>,
    token: CancellationToken,
    running: JoinSet<()>,
}

impl Doors {
    /// Opens every door that has a socket. WebSockets bring MQTT even when its own door is shut.
    pub(super) fn open(
        site: &Site,
        (config, url): (&Config, &str),
        served: &Arc<Served>,
        sockets: Sockets,
    ) -> anyhow::Result<Self> {
        let at = Addresses {
            https: addresses(&sockets.https),
            mqtt: addresses(&sockets.mqtt),
            http: addresses(&sockets.http),
        };
        let https_tls =
            server_config(config.https.min_tls, Protocols::Http, Arc::clone(served) as _)?;
        let mqtt_tls =
            server_config(config.mqtt.min_tls, Protocols::Mqtt, Arc::clone(served) as _)?;
        let door = assemble::mqtt_door(site, config);
        let (stop, _) = watch::channel(false);
        let mut doors = Self {
            at,
            mqtt: Some(door.clone()),
            stop,
            token: CancellationToken::new(),
            running: JoinSet::new(),
        };
        let mqtt_port = doors.at.mqtt.first().map_or(8883, SocketAddr::port);
        let settings = assemble::http_settings(config, (url, mqtt_port), served)?;
        let app = assemble::app(site, settings, config.limits.live_feeds, doors.hand_over(&door));
        doors.open_mqtt(&door, sockets.mqtt, &mqtt_tls);
        doors.open_https(&app, sockets.https, &https_tls);
        for socket in sockets.http {
            doors.running.spawn(serve_plain(socket, app.clone(), doors.stop()));
        }
        Ok(doors)
    }

    fn open_mqtt(&mut self, door: &MqttDoor, sockets: Vec<TcpListener>, tls: &Arc<ServerConfig>) {
        for socket in sockets {
            let (door, tls, token) = (door.clone(), Arc::clone(tls), self.token.clone());
            self.running.spawn(async move { door.listen(socket, tls_source(tls), token).await });
        }
    }

    fn open_https(&mut self, app: &App, sockets: Vec<TcpListener>, tls: &Arc<ServerConfig>) {
        let router = router(app.clone());
        for tcp in sockets {
            let listener = Listener { tcp, tls: tls_source(Arc::clone(tls)) };
            self.running.spawn(serve(listener, router.clone(), self.stop()));
        }
    }

    fn hand_over(&self, door: &MqttDoor) -> MqttHandOver {
        let (door, token) = (door.clone(), self.token.clone());
        Arc::new(move |stream: Box<dyn MqttStream>, origin| {
            let (door, token) = (door.clone(), token.clone());
            Box::pin(async move { door.serve(stream, origin, token).await })
        })
    }

    /// Turns true when the server stops.
    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// The MQTT door, for its status.
    pub(super) fn mqtt_door(&self) -> Option<MqttDoor> {
        self.mqtt.clone()
    }

    /// Where HTTPS is listened on.
    pub(super) fn https(&self) -> Vec<SocketAddr> {
        self.at.https.clone()
    }

    /// Where MQTT is listened on.
    pub(super) fn mqtt(&self) -> Vec<SocketAddr> {
        self.at.mqtt.clone()
    }

    /// Every door with why it is open.
    pub(super) fn open_ones(&self) -> Vec<Open> {
        let https = "pages, REST API, live feeds; MQTT over WebSocket at /mqtt";
        let http = "sends browsers to HTTPS, refuses everything else";
        vec![
            Open { name: "HTTPS", why: https, at: self.at.https.clone() },
            Open { name: "MQTT", why: "devices, over TLS", at: self.at.mqtt.clone() },
            Open { name: "HTTP", why: http, at: self.at.http.clone() },
        ]
    }

    /// Tells every door to end, and waits so long.
    pub(super) async fn close(mut self, patience: Duration) {
        self.stop.send_replace(true);
        self.token.cancel();
        let all = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
    }
}

/// The certificate inside changes by itself; the configuration stays.
fn tls_source(tls: Arc<ServerConfig>) -> Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync> {
    Arc::new(move || Arc::clone(&tls))
}
