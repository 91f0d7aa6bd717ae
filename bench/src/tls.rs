//! Trust in a given authority, and throw-away authorities for peers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where a server listens, and how to be sure that it is that server.
#[derive(Clone)]
pub(crate) struct Address {
    host: String,
    port: u16,
    name: ServerName<'static>,
    trust: TlsConnector,
}

impl Address {
    /// Trusts the authorities in a PEM file, and no other.
    pub(crate) fn new(host: &str, port: u16, ca: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in read_certificates(ca)? {
            roots.add(certificate)?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(host.to_owned())
            .with_context(|| format!("`{host}` is neither a host name nor an address"))?;
        Ok(Self { host: host.to_owned(), port, name, trust: Arc::new(config).into() })
    }

    /// Connects and completes the TLS handshake.
    pub(crate) async fn open(&self) -> Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .with_context(|| format!("connecting to {}:{}", self.host, self.port))?;
        tcp.set_nodelay(true)?;
        self.trust.connect(self.name.clone(), tcp).await.context("TLS handshake")
    }
}

/// PEM files of a server on the loopback interface that lives for one run.
pub(crate) struct Identity {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    /// Makes a P-256 authority and a server certificate, and writes both into `folder`.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.distinguished_name.push(DnType::CommonName, "roadstead-bench, for one run");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let server_key = KeyPair::generate()?;
        let names = ["127.0.0.1".to_owned(), "::1".to_owned(), "localhost".to_owned()];
        let server = CertificateParams::new(names)?.signed_by(&server_key, &authority)?;

        let identity = Self {
            ca: folder.join("ca.pem"),
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        };
        write(&identity.ca, &authority.pem())?;
        write(&identity.certificate, &server.pem())?;
        write(&identity.key, &server_key.serialize_pem())?;
        Ok(identity)
    }

    /// Serves with this identity, TLS 1.3 only.
    pub(crate) fn server_config(&self) -> Result<ServerConfig> {
        let key = PrivateKeyDer::from_pem_file(&self.key)?;
        let config = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
            .with_no_client_auth()
            .with_single_cert(read_certificates(&self.certificate)?, key)?;
        Ok(config)
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let reading = || format!("reading certificates from {}", path.display());
    CertificateDer::pem_file_iter(path)
        .with_context(reading)?
        .collect::<Result<_, _>>()
        .with_context(reading)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
