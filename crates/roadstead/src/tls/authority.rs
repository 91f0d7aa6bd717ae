//! Our own certificate authority: made at the first start, good for ten years.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use roadstead_model::{Random, Timestamp};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::certificate::limit;
use crate::folder;

/// Ten years.
const DAYS: u32 = 3652;

/// The authority that signs this server's certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    path: PathBuf,
}

impl Authority {
    /// Reads `ca.pem` and `ca.key` in the folder; makes both if neither was ever used.
    pub(crate) fn open(
        folder: &Path,
        host: &str,
        (now, random): (Timestamp, &dyn Random),
    ) -> anyhow::Result<Self> {
        let (path, key) = (folder.join("ca.pem"), folder.join("ca.key"));
        match (path.exists(), key.exists()) {
            (false, false) => make(&path, &key, host, (now, random))?,
            (true, true) => {}
            // A first start that was cut short: nobody was ever shown this authority.
            (false, true) if !folder.join("server.pem").exists() => {
                make(&path, &key, host, (now, random))?;
            }
            (false, true) | (true, false) => bail!(
                "only one of `{}` and `{}` is there: put the other back from your backup",
                path.display(),
                key.display()
            ),
        }
        Self::read(path, &key)
    }

    fn read(path: PathBuf, key: &Path) -> anyhow::Result<Self> {
        let what = || format!("cannot use `{}` with its key", path.display());
        let key = KeyPair::from_pem(&folder::read_private(key)?).with_context(what)?;
        let certificate = CertificateDer::from_pem_file(&path).with_context(what)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).with_context(what)?;
        Ok(Self { issuer, certificate, path })
    }

    /// Signs certificates.
    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// The authority's own certificate.
    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Where its certificate lies: what devices and browsers are given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 over the certificate, as people compare it.
    pub(crate) fn fingerprint(&self) -> String {
        let pairs = digest(&SHA256, &self.certificate);
        let pairs = pairs.as_ref().iter().map(|byte| format!("{byte:02X}"));
        pairs.collect::<Vec<_>>().join(":")
    }
}

fn make(
    path: &Path,
    key_path: &Path,
    host: &str,
    (now, random): (Timestamp, &dyn Random),
) -> anyhow::Result<()> {
    let mut mark = [0_u8; 4];
    random.fill(&mut mark);
    let mark = u32::from_be_bytes(mark);
    let mut about = CertificateParams::default();
    about.distinguished_name = rcgen::DistinguishedName::new();
    about.distinguished_name.push(DnType::CommonName, format!("Roadstead {host} {mark:08x}"));
    about.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    about.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    limit(&mut about, now, DAYS);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = about.self_signed(&key)?;
    folder::write_private(key_path, key.serialize_pem().as_bytes())?;
    folder::write_public(path, certificate.pem().as_bytes())
}
