//! Tokens, sessions, links and passwords: made, used, ended.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use roadstead_guard::{Caller, Credential, CredentialKind, Digest, Facts, PasswordHash};
use roadstead_model::{CredentialId, PersonId, Principal, Timestamp};
use roadstead_store::{Authority, NewCredential, StoreError};
use sqlx::{Sqlite, query, query_as};

use super::claims::of_password;
use super::draft::Draft;
use super::rows::{self, hex, number, who};

const MINUTE: i64 = 60_000_000;

/// An authority that outlives the request which showed it.
pub(super) struct Right {
    principal: Option<Principal>,
    kinds: &'static [CredentialKind],
    own: Option<Caller>,
}

impl Right {
    /// Nobody but a person's own log-in makes its sessions, and nobody hands out another
    /// person's tokens: whoever manages a tenant, or runs the server, can only send a link.
    pub(super) fn of(by: &Authority<'_>) -> Self {
        use CredentialKind::{Session, SignInLink, Token};
        let theirs = Some(by.principal());
        let (principal, kinds, own): (_, &'static [CredentialKind], _) = match by {
            Authority::Device(_) => (theirs, &[Token], None),
            Authority::Own(caller) => (theirs, &[Token], Some((*caller).clone())),
            Authority::Login(_) => (theirs, &[Session, Token], None),
            Authority::Operator(..) => (theirs, &[SignInLink], None),
            Authority::Person(permit, person) => {
                let own = person.tenant() == permit.tenant();
                (theirs.filter(|_| own), &[SignInLink], None)
            }
        };
        Self { principal, kinds, own }
    }

    /// Whose credential it is, if they are still there.
    fn principal(&self, draft: &Draft<'_>) -> Result<Principal, StoreError> {
        let there = self.principal.filter(|theirs| draft.directory.called(*theirs).is_some());
        there.ok_or(StoreError::Missing("person or device"))
    }
}

pub(super) async fn add(
    draft: &mut Draft<'_>,
    right: Right,
    new: NewCredential,
) -> Result<Credential, StoreError> {
    let principal = right.principal(draft)?;
    if !right.kinds.contains(&new.kind) {
        return Err(StoreError::InUse("this way in cannot make a credential of that kind"));
    }
    // What is made with a limited token is limited alike: else a limit would hold nobody.
    let most = match &right.own {
        Some(caller) => draft.still_in(caller, new.now)?,
        None => u8::MAX,
    };
    let row = Credential {
        id: draft.next_id(principal.tenant()).await?,
        principal,
        kind: new.kind,
        digest: new.digest,
        label: new.label,
        created: new.now,
        expires: new.expires,
        limit: new.limit & most,
        last_used: None,
    };
    keep(draft, &row).await?;
    Ok(row)
}

async fn keep(draft: &mut Draft<'_>, row: &Credential) -> Result<(), StoreError> {
    let kept = query(
        "INSERT INTO credentials
         (id, tenant, principal, kind, digest, label, created, expires, capabilities)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let kept = kept
        .bind(row.id.sql())
        .bind(row.id.tenant().sql())
        .bind(who(row.principal))
        .bind(row.kind.name())
        .bind(hex(&row.digest.0))
        .bind(row.label.clone())
        .bind(number(row.created))
        .bind(row.expires.map(number))
        .bind(i64::from(row.limit));
    draft.run(kept).await?;
    let row = row.clone();
    draft.then(move |open| open.put_credential(row));
    Ok(())
}

pub(super) async fn end(
    draft: &mut Draft<'_>,
    right: Right,
    id: CredentialId,
) -> Result<(), StoreError> {
    let principal = right.principal(draft)?;
    let there = draft.directory.credential(id).filter(|row| row.principal == principal);
    let there = there.ok_or(StoreError::Missing("credential"))?;
    if there.kind == CredentialKind::Password {
        return Err(StoreError::InUse("a password cannot be ended: set another one instead"));
    }
    drop_row(draft, id).await
}

async fn drop_row(draft: &mut Draft<'_>, id: CredentialId) -> Result<(), StoreError> {
    let gone = query("DELETE FROM credentials WHERE id = $1").bind(id.sql());
    draft.must("credential", gone).await?;
    draft.then(move |open| open.remove_credential(id));
    Ok(())
}

/// Stands where a token has its digest: unique, and the digest of no secret.
pub(super) fn noise(id: CredentialId) -> Digest {
    let text = format!("the password that is credential {}", id.integer());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    Digest(bytes)
}

/// Keeps a first password and the credential that it counts as.
pub(super) async fn keep_password(
    draft: &mut Draft<'_>,
    (person, id): (PersonId, CredentialId),
    hash: PasswordHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    keep(draft, &of_password(id, person, now)).await?;
    let kept = query("INSERT INTO passwords (person, credential, hash) VALUES ($1, $2, $3)")
        .bind(person.sql())
        .bind(id.sql())
        .bind(hash.as_str().to_owned());
    draft.run(kept).await?;
    draft.then_password(person, id, hash);
    Ok(())
}

/// Replaces one's password. Other sessions end, and so do links that would still sign in.
pub(super) async fn set_password(
    draft: &mut Draft<'_>,
    caller: Caller,
    hash: PasswordHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    draft.still_in(&caller, now)?;
    let Principal::Person(person) = caller.principal() else {
        return Err(StoreError::Missing("person"));
    };
    let before = query_as::<Sqlite, (i64,)>("SELECT credential FROM passwords WHERE person = $1");
    let before = before.bind(person.sql()).fetch_optional(draft.sql()).await;
    match before.map_err(StoreError::failed)? {
        None => {
            let id = draft.next_id(person.tenant()).await?;
            keep_password(draft, (person, id), hash, now).await?;
        }
        Some((credential,)) => {
            let id = rows::id("passwords", credential)?;
            let changed = query("UPDATE passwords SET hash = $2 WHERE person = $1")
                .bind(person.sql())
                .bind(hash.as_str().to_owned());
            draft.must("password", changed).await?;
            draft.then_password(person, id, hash);
        }
    }
    end_others(draft, &caller).await
}

async fn end_others(draft: &mut Draft<'_>, caller: &Caller) -> Result<(), StoreError> {
    let others = query_as::<Sqlite, (i64,)>(
        "SELECT id FROM credentials
         WHERE principal = $1 AND id <> $2 AND kind IN ('session', 'sign-in-link')",
    );
    let others = others.bind(who(caller.principal())).bind(caller.credential().sql());
    for (id,) in others.fetch_all(draft.sql()).await.map_err(StoreError::failed)? {
        drop_row(draft, rows::id("credentials", id)?).await?;
    }
    Ok(())
}

/// Writes down what was used and drops what has ended; answers what it wrote down.
pub(super) async fn settle(
    draft: &mut Draft<'_>,
    used: Arc<HashMap<CredentialId, Timestamp>>,
    now: Timestamp,
) -> Result<Vec<(CredentialId, Timestamp)>, StoreError> {
    let (credentials, grants) = draft.directory.ended(now);
    for id in credentials {
        drop_row(draft, id).await?;
    }
    for grant in grants {
        super::grants::drop_row(draft, grant).await?;
    }
    let links = query("DELETE FROM claim_links WHERE expires <= $1").bind(number(now));
    draft.run(links).await?;
    let mut written = Vec::new();
    for (id, time) in used.iter() {
        let minute = to_the_minute(*time);
        let known = draft.directory.credential(*id).filter(|row| row.is_live(now));
        if known.is_none_or(|row| row.last_used >= Some(minute)) {
            continue;
        }
        let noted = query("UPDATE credentials SET last_used = $2 WHERE id = $1")
            .bind(id.sql())
            .bind(number(minute));
        draft.must("credential", noted).await?;
        written.push((*id, minute));
    }
    Ok(written)
}

fn to_the_minute(time: Timestamp) -> Timestamp {
    let minute = time.micros() - time.micros().rem_euclid(MINUTE);
    Timestamp::from_micros(minute).unwrap_or(time)
}
