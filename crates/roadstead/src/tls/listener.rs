//! What a listener takes: versions, suites, protocols. Provider and choices are spelled out.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::ResolvesServerCert;
use rustls::version::{TLS12, TLS13};

use crate::config::TlsVersion;

/// What is spoken inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocols {
    /// HTTP/2 and HTTP/1.1.
    Http,
    /// MQTT.
    Mqtt,
}

impl Protocols {
    fn names(self) -> Vec<Vec<u8>> {
        match self {
            Self::Http => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Self::Mqtt => vec![b"mqtt".to_vec()],
        }
    }
}

/// Makes a listener's configuration.
///
/// Every suite that the provider has gives forward secrecy and AEAD, in TLS 1.2 too. Tickets are sealed
/// with keys that change every six hours and live in memory alone. Early data is off: it can be replayed.
pub(crate) fn server_config(
    least: TlsVersion,
    protocols: Protocols,
    served: Arc<dyn ResolvesServerCert>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let versions: &[_] = match least {
        TlsVersion::V12 => &[&TLS13, &TLS12],
        TlsVersion::V13 => &[&TLS13],
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(served);
    config.alpn_protocols = protocols.names();
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    config.ignore_client_order = true;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}
