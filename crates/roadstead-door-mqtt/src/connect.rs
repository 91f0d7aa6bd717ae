//! Who comes in: a first packet, a credential, a session taken up or begun.

mod resume; // a session as it was left

use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::{Caller, Origin, Secret};
use roadstead_services::sessions::MqttSessions;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::Inner;
use crate::codec::connect::{BadConnect, Connect};
use crate::codec::write::{self, Connack};
use crate::codec::{Frame, Reason, Version};
use crate::session::{Session, Wishes};
use crate::will::Will;
use crate::wire::{Io, May, Wire};

/// A client that takes smaller packets than this is told codes without sentences.
const ROOM_FOR_A_SENTENCE: u32 = 1024;
/// How long a refusal may take to be written.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Lets a client in. `None` when it was turned away; it was told why as far as it may know.
pub(crate) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
    door: &Arc<Inner>,
    wire: &mut Wire<S>,
    origin: Origin,
    shutdown: &CancellationToken,
) -> Option<Session> {
    let packet = tokio::select! {
        packet = tokio::time::timeout(door.limits.connect, first_packet(door, wire)) => packet.ok()??,
        () = shutdown.cancelled() => return None,
    };
    let (frame, bytes) = packet;
    match let_in(door, wire, (frame, &bytes), (origin, shutdown)).await {
        Ok(session) => Some(session),
        Err(BadConnect { answer, reason }) => {
            tracing::debug!(origin = ?origin, reason = reason.0, "an MQTT client was turned away");
            if let Some(version) = answer {
                write::refusal(version, reason, &mut wire.outbox);
                // A client that does not wait for the answer does not need it.
                let _ = tokio::time::timeout(LAST_WORD, wire.finish()).await;
            }
            None
        }
    }
}

async fn first_packet<S: AsyncRead + AsyncWrite + Unpin>(
    door: &Inner,
    wire: &mut Wire<S>,
) -> Option<(Frame, bytes::BytesMut)> {
    loop {
        let frame = Frame::peek(&wire.inbox, door.limits.connect_bytes).ok()?;
        // What is no CONNECT is not waited for.
        if wire.inbox.first().is_some_and(|first| first >> 4 != 1) {
            return None;
        }
        if let Some(frame) = frame.filter(|frame| wire.inbox.len() >= frame.total) {
            return Some((frame, wire.inbox.split_to(frame.total)));
        }
        let may = May { read: true, tell_when_written: false };
        match wire.ready(may).await {
            Ok(Io::Read | Io::Wrote) => {}
            Ok(Io::Closed) | Err(_) => return None,
        }
    }
}

async fn let_in<S: AsyncRead + AsyncWrite + Unpin>(
    door: &Arc<Inner>,
    wire: &mut Wire<S>,
    (frame, bytes): (Frame, &[u8]),
    (origin, shutdown): (Origin, &CancellationToken),
) -> Result<Session, BadConnect> {
    let connect = Connect::read(frame, &bytes[frame.head..])?;
    let version = connect.version;
    let refused = |reason| BadConnect { answer: Some(version), reason };
    let caller = identify(door, &connect, origin).map_err(refused)?;
    let (client, assigned) = client_id(door, &connect).map_err(refused)?;
    let will = connect.will.as_ref().map(|packet| Will::take(door, &caller, packet)).transpose();
    let will = will.map_err(|wrong| refused(wrong.reason))?;
    let key = MqttSessions::key(&caller, &client);
    let place = door.seats.take(key, door.limits.sessions_per_principal, shutdown).await;
    let place = place.map_err(refused)?;
    let wishes = wishes(door, &connect);
    let (session, present) =
        Session::begin(door, (caller, place), (client, will), wishes.clone()).map_err(refused)?;
    let told = Connack {
        session_present: present,
        session_expiry: wishes.expiry_was_capped.then_some(wishes.expiry),
        receive_maximum: door.limits.receive_maximum,
        maximum_packet_size: u32::try_from(door.limits.packet_bytes).unwrap_or(u32::MAX),
        assigned_client: assigned.then_some(session.client()),
        topic_alias_maximum: door.limits.topic_aliases,
        shared_subscriptions: door.limits.shared_subscriptions,
        keep_alive: (wishes.keep_alive != connect.keep_alive).then_some(wishes.keep_alive),
    };
    told.write(version, &mut wire.outbox);
    Ok(session)
}

/// Finds out who it is. Nobody is let in without a credential.
fn identify(door: &Inner, connect: &Connect<'_>, origin: Origin) -> Result<Caller, Reason> {
    if connect.properties.authentication_method.is_some() {
        return Err(Reason::BAD_AUTHENTICATION_METHOD);
    }
    let (Some(user), Some(password)) = (connect.user, connect.password) else {
        return Err(Reason::NOT_AUTHORIZED);
    };
    let wrong = Reason::BAD_USER_NAME_OR_PASSWORD;
    let token = Secret::presented(std::str::from_utf8(password).map_err(|_| wrong)?);
    door.tools.guard.by_name_and_token(user, &token, origin).map_err(|_| {
        tracing::info!(address = ?origin.address, "somebody came with a wrong credential");
        wrong
    })
}

/// The client id, and whether it was made up here.
fn client_id(door: &Inner, connect: &Connect<'_>) -> Result<(Box<str>, bool), Reason> {
    if connect.client.len() > door.limits.client_id_bytes {
        return Err(Reason::CLIENT_ID_NOT_VALID);
    }
    match (connect.client, connect.version) {
        ("", Version::V3) if !connect.clean => Err(Reason::CLIENT_ID_NOT_VALID),
        ("", _) => Ok((door.make_client_id().into(), true)),
        (client, _) => Ok((client.into(), false)),
    }
}

fn wishes(door: &Inner, connect: &Connect<'_>) -> Wishes {
    let properties = &connect.properties;
    let asked = match connect.version {
        Version::V3 if connect.clean => 0,
        Version::V3 => u32::MAX,
        Version::V5 => properties.session_expiry.unwrap_or(0),
    };
    let most = u32::try_from(door.limits.session_expiry.as_secs()).unwrap_or(u32::MAX);
    let longest = door.limits.keep_alive;
    let keep_alive = match (connect.version, connect.keep_alive) {
        // MQTT 3.1.1 cannot be told of another keep-alive.
        (Version::V3, 0) => u16::MAX,
        (Version::V3, asked) => asked,
        (Version::V5, 0) => longest,
        (Version::V5, asked) => asked.min(longest),
    };
    Wishes {
        version: connect.version,
        clean: connect.clean,
        expiry: asked.min(most),
        expiry_was_capped: asked > most,
        keep_alive,
        explain: connect.version.is_5()
            && !properties.wants_no_problem_information
            && properties.maximum_packet_size.is_none_or(|size| size >= ROOM_FOR_A_SENTENCE),
        receive_maximum: properties.receive_maximum.unwrap_or(u16::MAX),
        largest: properties.maximum_packet_size.map_or(usize::MAX, |size| size as usize),
        aliases: properties.topic_alias_maximum.unwrap_or(0),
    }
}
