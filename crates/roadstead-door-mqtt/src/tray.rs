//! What was read from a client and is on its way to intake, in order, with who waits for it.

use std::collections::VecDeque;

use roadstead_services::intake::IntakeError;
use roadstead_services::sessions::Ticket;

use crate::Tools;
use crate::codec::Reason;
use crate::codec::ack::AckKind;
use crate::owed::{Debt, Owed};
use crate::publish::{Gathered, Said, Wrong};
use roadstead_guard::{Permit, Write};
use roadstead_model::{DeviceId, Reading, Timestamp};

/// A message whose sender waits for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Awaiting {
    pub(crate) kind: AckKind,
    pub(crate) packet: u16,
    pub(crate) bytes: usize,
}

/// Something on its way, and those who wait for it.
#[derive(Debug)]
struct Load {
    /// What goes to intake; `None` when that is done or was not to be.
    gathered: Option<Gathered>,
    ticket: Ticket,
    wrong: Option<Wrong>,
    awaiting: Vec<Awaiting>,
}

/// Everything of one session that is on its way to intake.
#[derive(Debug, Default)]
pub(crate) struct Tray {
    loads: VecDeque<Load>,
    bytes: usize,
}

/// What handing over led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handed {
    /// All of it is with the store.
    All,
    /// The store has no room: wait for it, and go on.
    Stalled,
}

impl Tray {
    /// Bytes of messages that are on their way.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether something could not be handed over yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.loads.is_empty()
    }

    /// Adds a reading, to the last batch if it fits there.
    pub(crate) fn add(
        &mut self,
        permit: &Permit<Write, DeviceId>,
        (said, awaiting): (&Said<'_>, Option<Awaiting>),
        (arrival, reading): (Timestamp, Reading),
    ) {
        let open = self.loads.back_mut().filter(|load| load.admits(permit, said));
        if let Some(load) = open
            && let Some(gathered) = &mut load.gathered
        {
            gathered.push(reading);
            load.awaiting.extend(awaiting);
            self.bytes += awaiting.map_or(0, |awaiting| awaiting.bytes);
            return;
        }
        let mut gathered = Gathered::begin(permit, said, arrival);
        gathered.push(reading);
        self.add_batch(gathered, awaiting);
    }

    /// Adds a whole batch.
    pub(crate) fn add_batch(&mut self, mut gathered: Gathered, awaiting: Option<Awaiting>) {
        let wrong = gathered.wrong.take();
        self.put(Some(gathered), (Ticket::default(), wrong), awaiting);
    }

    /// Adds an answer that waits for a ticket only, and for those before it.
    pub(crate) fn add_ticket(&mut self, ticket: Ticket, awaiting: Option<Awaiting>) {
        self.put(None, (ticket, None), awaiting);
    }

    /// Adds a refusal, told after what came before it.
    pub(crate) fn add_wrong(&mut self, wrong: Wrong, awaiting: Awaiting) {
        self.put(None, (Ticket::default(), Some(wrong)), Some(awaiting));
    }

    fn put(
        &mut self,
        gathered: Option<Gathered>,
        (ticket, wrong): (Ticket, Option<Wrong>),
        awaiting: Option<Awaiting>,
    ) {
        self.bytes += awaiting.map_or(0, |awaiting| awaiting.bytes);
        let awaiting = awaiting.into_iter().collect();
        self.loads.push_back(Load { gathered, ticket, wrong, awaiting });
    }

    /// Hands over all it can. An error when the store takes nothing any more, or a batch's
    /// sender has lost the right and cannot be told so one by one.
    pub(crate) fn hand_over(&mut self, tools: &Tools, owed: &mut Owed) -> Result<Handed, Reason> {
        while let Some(mut load) = self.loads.pop_front() {
            if let Some(gathered) = &load.gathered {
                match gathered.hand_over(tools) {
                    Ok(ticket) => load.ticket = ticket,
                    Err(IntakeError::Busy) => {
                        self.loads.push_front(load);
                        return Ok(Handed::Stalled);
                    }
                    Err(error @ (IntakeError::Stopped | IntakeError::Store(_))) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "nothing more can be kept"
                        );
                        return Err(Reason::UNSPECIFIED);
                    }
                    Err(IntakeError::Denied(_)) => return Err(Reason::NOT_AUTHORIZED),
                    Err(error) => load.wrong = Some(error.into()),
                }
            }
            self.bytes -= load.awaiting.iter().map(|awaiting| awaiting.bytes).sum::<usize>();
            load.owe(owed);
        }
        Ok(Handed::All)
    }
}

impl Load {
    fn admits(&self, permit: &Permit<Write, DeviceId>, said: &Said<'_>) -> bool {
        let fits = |gathered: &Gathered| gathered.admits(permit, said);
        self.wrong.is_none() && self.gathered.as_ref().is_some_and(fits)
    }

    fn owe(self, owed: &mut Owed) {
        for Awaiting { kind, packet, bytes } in self.awaiting {
            let debt = match &self.wrong {
                None => Debt::Ack(kind, packet),
                Some(wrong) => Debt::Failed(kind, packet, wrong.reason, wrong.why.clone()),
            };
            owed.when(self.ticket, bytes, debt);
        }
    }
}
