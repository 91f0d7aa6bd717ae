//! The certificate that our authority signs for this server, and when it needs a new one.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use roadstead_model::Timestamp;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::authority::Authority;
use crate::folder;

const DAY: Duration = Duration::from_hours(24);
/// What browsers still take of a private authority, with a margin.
const DAYS: u32 = 397;
/// How early a new one is made, and how early an own one is warned of.
pub(super) const RENEWAL: Duration = Duration::from_hours(30 * 24);

/// The names that the certificate is for, as `host.example` or `192.0.2.1`.
pub(crate) type Names = BTreeSet<String>;

/// This machine's names, its loopback addresses, and the configured ones.
pub(crate) fn names(host: &str, configured: &[String]) -> Names {
    let short = host.split('.').next().unwrap_or(host);
    let own = [host.to_owned(), format!("{short}.local"), "localhost".to_owned()];
    let loopback = ["127.0.0.1".to_owned(), "::1".to_owned()];
    let all = own.into_iter().chain(loopback).chain(configured.iter().cloned());
    all.map(|name| name.to_lowercase()).filter(|name| !name.is_empty()).collect()
}

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    /// When it ends.
    pub(crate) ends: Timestamp,
    /// Whom it is for.
    pub(crate) names: Names,
    issuer: Vec<u8>,
}

impl About {
    /// Reads a certificate.
    pub(super) fn of(der: &[u8]) -> anyhow::Result<Self> {
        let (_, read) = X509Certificate::from_der(der).context("cannot read the certificate")?;
        let ends = read.validity().not_after.timestamp();
        let ends = Timestamp::from_micros(ends.saturating_mul(1_000_000))?;
        let names = read.subject_alternative_name()?.map(|found| found.value.general_names.iter());
        let names = names.into_iter().flatten().filter_map(name_of).collect();
        Ok(Self { ends, names, issuer: read.issuer().as_raw().to_vec() })
    }

    /// Whether a new one is due: it ends soon, is for other names, or is another authority's.
    pub(super) fn is_due(&self, authority: &Authority, names: &Names, now: Timestamp) -> bool {
        let by = X509Certificate::from_der(authority.certificate());
        let ours = by.is_ok_and(|(_, by)| by.subject().as_raw() == self.issuer);
        !ours || self.names != *names || self.ends_soon(now)
    }

    /// Whether it is for this name. `*` stands for the first label, and for one alone.
    pub(super) fn is_for(&self, host: &str) -> bool {
        let above = host.split_once('.').map(|(_, above)| above);
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(rest) => above.is_some_and(|above| above.eq_ignore_ascii_case(rest)),
            None => name.eq_ignore_ascii_case(host),
        })
    }

    /// Whether fewer than 30 days are left.
    pub(crate) fn ends_soon(&self, now: Timestamp) -> bool {
        self.ends.since(now) < RENEWAL
    }
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// Signs a new certificate with a new key, and writes both. The key comes first: a crash between the two is
/// seen at the next start, where they do not match.
pub(super) fn issue(
    authority: &Authority,
    (path, key_path): (&Path, &Path),
    names: &Names,
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut about = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())
        .context("`tls.names`: one of the names is neither a host name nor an address")?;
    about.distinguished_name = rcgen::DistinguishedName::new();
    about.distinguished_name.push(DnType::CommonName, "Roadstead server");
    about.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    about.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    about.use_authority_key_identifier_extension = true;
    limit(&mut about, now, DAYS);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = about.signed_by(&key, authority.issuer())?;
    folder::write_private(key_path, key.serialize_pem().as_bytes())?;
    folder::write_public(path, certificate.pem().as_bytes())
}

/// Makes a certificate good from yesterday, since clocks differ, for so many days.
pub(super) fn limit(about: &mut CertificateParams, now: Timestamp, days: u32) {
    let day = |time: Timestamp| {
        let instant = jiff::Timestamp::from_microsecond(time.micros());
        let utc = instant.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(jiff::tz::TimeZone::UTC);
        let (month, day) = (utc.month().unsigned_abs(), utc.day().unsigned_abs());
        date_time_ymd(i32::from(utc.year()), month, day)
    };
    about.not_before = day(now.before(DAY));
    about.not_after = day(now.before(DAY).after(DAY.saturating_mul(days)));
}
