//! A TLS handshake with chosen versions, to see what a listener takes.

use std::sync::Arc;

use anyhow::Context;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Server;

/// A version of TLS that a client insists on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
}

/// A client's settings: it trusts the server's own authority, and speaks these versions alone.
pub(crate) fn settings(
    server: &Server,
    versions: &[&'static SupportedProtocolVersion],
) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.ca())?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Shakes hands with a port; tells the cipher suite.
pub async fn handshake(server: &Server, port: u16, version: TlsVersion) -> anyhow::Result<String> {
    let version = match version {
        TlsVersion::V1_2 => &rustls::version::TLS12,
        TlsVersion::V1_3 => &rustls::version::TLS13,
    };
    let config = settings(server, &[version])?;
    let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from("localhost")?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
    let suite = stream.get_ref().1.negotiated_cipher_suite().context("a cipher suite")?;
    Ok(format!("{:?}", suite.suite()))
}
