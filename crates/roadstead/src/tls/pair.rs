//! A certificate chain and its key, read and judged.

use std::path::Path;

use anyhow::{Context, bail};
use rustls::crypto::aws_lc_rs;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::folder;

/// RSA below this is weaker than 128 bits.
const LEAST_RSA_BITS: usize = 3072;

/// Reads a chain and its key; refuses keys that do not match, are weak, or that everybody can read. A key may be
/// readable by a group, such as one that several servers share.
pub(crate) fn read_pair(certificate: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
    folder::refuse_open(key)?;
    let what = || format!("cannot read certificates from `{}`", certificate.display());
    let chain = CertificateDer::pem_file_iter(certificate).with_context(what)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().with_context(what)?;
    let first = chain
        .first()
        .with_context(|| format!("`{}` holds no certificate", certificate.display()))?;
    refuse_weak(first)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("cannot read a private key from `{}`", key.display()))?;
    CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider()).with_context(|| {
        format!("`{}` is not the key of `{}`", key.display(), certificate.display())
    })
}

fn refuse_weak(certificate: &CertificateDer<'_>) -> anyhow::Result<()> {
    let (_, read) =
        X509Certificate::from_der(certificate).context("cannot read the certificate")?;
    if let Ok(PublicKey::RSA(rsa)) = read.public_key().parsed()
        && rsa.key_size() < LEAST_RSA_BITS
    {
        bail!(
            "the certificate's RSA key has {} bits: use P-256, or at least {LEAST_RSA_BITS}",
            rsa.key_size()
        );
    }
    Ok(())
}
