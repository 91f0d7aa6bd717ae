//! A claimed tenant with a guard over the store's own directory: what promises are tried on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use roadstead_guard::{
    Caller, Can, Complete, CredentialKind, Door, Guard, Keys, Login, Manage, Minted, Origin,
    Permit, Read, Scope, Secret, Tools,
};
use roadstead_model::{
    Clock, Device, DeviceId, Email, Name, Person, PersonId, Principal, Random, Resource, Role,
    Tenant, Timestamp,
};

use crate::{
    Audit, Authority, Catalog, Later, NewCredential, NewDevice, NewGrant, NewTenant, StoreError,
};

/// The stores under test: the log resolves names through the catalog's directory.
#[derive(Clone)]
pub struct Stores {
    /// Everything but values.
    pub catalog: Arc<dyn Catalog>,
    /// Who did what.
    pub log: Arc<dyn Audit>,
}

/// Opens the stores under test: fresh ones the first time, the same ones after that.
pub type Open<'a> = &'a (dyn Fn() -> Later<'static, Stores> + Send + Sync);

/// What people of a site sign in with.
pub const PASSWORD: &str = "a harbour in the morning";
/// All capabilities.
pub const EVERYTHING: u8 = u8::MAX;
const ORIGIN: Origin = Origin { address: None, door: Door::Https };

/// A clock that is moved by hand.
pub struct HandClock(AtomicI64);

impl HandClock {
    /// Starts at noon of a day in 2026.
    pub fn at_noon() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_790_164_800_000_000)))
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let later = self.now().after(by);
        self.0.store(later.micros(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).expect("moved within the calendar")
    }
}

/// Bytes that differ each time, and are the same in each run.
#[derive(Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

/// A claimed tenant.
pub struct Site {
    /// The catalog under test.
    pub catalog: Arc<dyn Catalog>,
    /// The audit log under test.
    pub log: Arc<dyn Audit>,
    /// A guard that decides from the store's directory.
    pub guard: Arc<Guard>,
    /// The time.
    pub clock: Arc<HandClock>,
    /// The tenant.
    pub tenant: Tenant,
    /// Its owner.
    pub person: Person,
    /// Its owner, signed in.
    pub owner: Caller,
    cookie: String,
}

impl Site {
    /// Opens a store and claims a tenant of it.
    pub async fn new(open: Open<'_>) -> Self {
        Self::claim(unclaimed(open).await, "Harbour").await
    }

    /// Claims one more tenant of the same store.
    pub async fn neighbour(&self, name: &str) -> Self {
        let stores = Stores { catalog: Arc::clone(&self.catalog), log: Arc::clone(&self.log) };
        Self::claim((stores, Arc::clone(&self.guard), Arc::clone(&self.clock)), name).await
    }

    async fn claim(
        (stores, guard, clock): (Stores, Arc<Guard>, Arc<HandClock>),
        name: &str,
    ) -> Self {
        let Stores { catalog, log } = stores;
        let link = invite(&*catalog, &guard, &clock).await;
        let new = new_tenant(&guard, name, clock.now()).await;
        let claimed = catalog.claim(guard.claim_proof(&link), new).await;
        let (tenant, person) = claimed.expect("the link waits and the name is free");
        let login = sign_in(&guard, &person.email, &tenant.name, PASSWORD).await;
        let minted = guard.mint("rsc");
        let session = credential(CredentialKind::Session, &minted, clock.now());
        let made = catalog.add_credential(Authority::Login(&login), session).await;
        made.expect("a complete log-in becomes a session");
        let owner = guard.by_session(&minted.secret, ORIGIN).expect("the session is live");
        let cookie = minted.secret.reveal().to_owned();
        Self { catalog, log, guard, clock, tenant, person, owner, cookie }
    }

    /// Opens the same store again, as a restart does; the owner's session is still live.
    pub async fn restarted(self, open: Open<'_>) -> Self {
        let Self { catalog, log, guard, clock, tenant, person, cookie, .. } = self;
        drop((catalog, log, guard));
        let Stores { catalog, log } = open().await;
        let random = Counting(AtomicU64::new(1 << 32));
        let guard = guard_over(&catalog, &clock, Arc::new(random));
        let owner = guard.by_session(&Secret::presented(cookie.as_str()), ORIGIN);
        let owner = owner.expect("a session outlives a restart");
        Self { catalog, log, guard, clock, tenant, person, owner, cookie }
    }

    /// The owner's permit.
    pub fn permit<C: Can, R: Copy + Into<Resource>>(&self, resource: R) -> Permit<C, R> {
        self.guard
            .permit(&self.owner, resource)
            .expect("an owner may do everything to what is there")
    }

    /// The owner's permit on the whole tenant, as a node.
    pub fn root(&self) -> Permit<Manage, Resource> {
        self.permit(Resource::Tenant(self.tenant.id))
    }

    /// How far a caller sees.
    pub fn sight(&self, caller: &Caller) -> Scope<Read> {
        self.guard.scope(caller).expect("the caller's credential is live")
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes a device below a node.
    pub async fn device(
        &self,
        below: &Permit<Manage, Resource>,
        device: &str,
    ) -> Result<Device, StoreError> {
        let new = NewDevice { name: name(device), device_type: None, now: self.now() };
        self.catalog.create_device(below, new).await
    }

    /// Makes a token of a device and presents it.
    pub async fn device_caller(&self, device: DeviceId) -> Caller {
        let minted = self.guard.mint("rst");
        let token = credential(CredentialKind::Token, &minted, self.now());
        let permit = self.permit(device);
        let made = self.catalog.add_credential(Authority::Device(&permit), token).await;
        made.expect("who manages a device makes its tokens");
        self.guard.by_token(&minted.secret, ORIGIN).expect("the token is live")
    }

    /// Makes a person with a role on a node, and a session of theirs.
    pub async fn person(&self, email: &str, role: Role, on: Resource) -> (PersonId, Caller) {
        let permit = self.permit(self.tenant.id);
        let email = email.parse().expect("an address");
        let made = self.catalog.add_person(&permit, email, self.now()).await;
        let person = made.expect("the address is free").id;
        self.give(Principal::Person(person), role, on).await.expect("the person is there");
        let minted = self.guard.mint("rsl");
        let link = credential(CredentialKind::SignInLink, &minted, self.now());
        let invited = self.catalog.add_credential(Authority::Person(&permit, person), link).await;
        let link = invited.expect("whoever manages the tenant invites");
        let entered = self.guard.by_sign_in_link(&minted.secret, ORIGIN);
        let (login, caller) = entered.expect("the link is live");
        let used = self.catalog.end_credential(Authority::Own(&caller), link.id).await;
        used.expect("a link ends by its use");
        (person, self.session(&login).await)
    }

    /// Makes a session of a log-in and presents it.
    pub async fn session(&self, login: &Login<Complete>) -> Caller {
        let minted = self.guard.mint("rsc");
        let session = credential(CredentialKind::Session, &minted, self.now());
        let made = self.catalog.add_credential(Authority::Login(login), session).await;
        made.expect("a complete log-in becomes a session");
        self.guard.by_session(&minted.secret, ORIGIN).expect("the session is live")
    }

    /// Gives a role on a node.
    pub async fn give(
        &self,
        principal: Principal,
        role: Role,
        on: Resource,
    ) -> Result<roadstead_model::Grant, StoreError> {
        let new = NewGrant { principal, role, expires: None, reason: "for the test".to_owned() };
        self.catalog.grant(&self.permit(on), new).await
    }

    /// All that the owner can see of the tenant, as text: equal texts, equal catalogs.
    ///
    /// Uses are settled first: until then they are in memory alone.
    pub async fn picture(&self) -> String {
        self.catalog.settle(self.now()).await.expect("settled");
        let (sight, directory) = (self.sight(&self.owner), self.catalog.directory());
        let root = self.root();
        let devices = directory.devices(&sight);
        let tokens: Vec<_> = devices.iter().map(|row| self.permit(row.id)).collect();
        let tokens: Vec<_> = tokens.iter().map(|it| directory.device_credentials(it)).collect();
        let on_devices: Vec<_> =
            devices.iter().map(|row| directory.grants_on(&self.permit(row.id.into()))).collect();
        format!(
            "{:#?}",
            (
                directory.tenant_of(&self.owner),
                directory.people(&self.permit(self.tenant.id)),
                (directory.spaces(&sight), directory.assets(&sight)),
                directory.device_types(&sight),
                devices,
                directory.sensors(&sight, self.tenant.id.into()),
                (directory.own_credentials(&self.owner), tokens),
                (directory.grants_on(&root), on_devices),
            )
        )
    }
}

/// A store that nobody has claimed, and a guard over it.
pub async fn unclaimed(open: Open<'_>) -> (Stores, Arc<Guard>, Arc<HandClock>) {
    let clock = HandClock::at_noon();
    let stores = open().await;
    let guard = guard_over(&stores.catalog, &clock, Arc::new(Counting::default()));
    (stores, guard, clock)
}

fn guard_over(
    catalog: &Arc<dyn Catalog>,
    clock: &Arc<HandClock>,
    random: Arc<dyn Random>,
) -> Arc<Guard> {
    let facts = Arc::clone(catalog.directory());
    let clock = Arc::clone(clock);
    let keys = Keys::new(&[1; 32], [2; 32]);
    Arc::new(Guard::new(Tools { facts, keys, clock, random }))
}

/// Makes a claim link that lasts for a day.
pub async fn invite(catalog: &dyn Catalog, guard: &Guard, clock: &HandClock) -> Secret {
    let minted = guard.mint("rsl");
    let end = clock.now().after(Duration::from_hours(24));
    catalog.invite(guard.operator(0), minted.digest, end).await.expect("the link is kept");
    minted.secret
}

/// What a claim brings.
pub async fn new_tenant(guard: &Guard, called: &str, now: Timestamp) -> NewTenant {
    let password = guard.hash_password(&Secret::presented(PASSWORD), &[]).await;
    let password = password.expect("there is room to hash").expect("it keeps the rules");
    let email = format!("owner@{}.example", called.to_lowercase().replace(' ', "-"));
    let email = email.parse().expect("an address");
    NewTenant { name: name(called), email, password, now }
}

/// Signs in with a password.
pub async fn sign_in(guard: &Guard, email: &Email, at: &Name, password: &str) -> Login<Complete> {
    let given = guard.by_password((email, Some(at)), &Secret::presented(password), ORIGIN).await;
    guard.complete(&given.expect("the password is right"))
}

/// A credential that does not end and is not limited.
pub fn credential(kind: CredentialKind, minted: &Minted, now: Timestamp) -> NewCredential {
    let label = "test".to_owned();
    NewCredential { kind, digest: minted.digest, label, now, expires: None, limit: EVERYTHING }
}

/// Reads a name.
pub fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// Where callers of a site come from.
pub const fn origin() -> Origin {
    ORIGIN
}
