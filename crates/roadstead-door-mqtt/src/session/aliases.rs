//! Topic aliases of the client: what it has said that numbers stand for.

use std::sync::Arc;

use crate::codec::Reason;
use crate::codec::publish::Publish;

/// What an alias stands for.
#[derive(Debug, Clone, Default)]
pub(super) enum Alias {
    #[default]
    Unsaid,
    /// A topic that was refused, and is not remembered.
    Refused,
    Topic(Arc<[u8]>),
}

/// All aliases that the client has used.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    said: Vec<Alias>,
}

impl Aliases {
    /// What the alias of a message without a topic stands for; `None` when it has its own topic.
    pub(super) fn meant(&self, message: &Publish<'_>, most: u16) -> Result<Option<&Alias>, Reason> {
        let Some(alias) = message.alias else { return Ok(None) };
        if alias > most {
            return Err(Reason::TOPIC_ALIAS_INVALID);
        }
        if !message.topic.is_empty() {
            return Ok(None);
        }
        match self.said.get(usize::from(alias) - 1) {
            None | Some(Alias::Unsaid) => Err(Reason::PROTOCOL_ERROR),
            said => Ok(said),
        }
    }

    /// Notes what a message's alias stands for from now on, if it says so.
    pub(super) fn note(&mut self, message: &Publish<'_>, taken: bool) {
        let Some(alias) = message.alias.filter(|_| !message.topic.is_empty()) else { return };
        let at = usize::from(alias) - 1;
        if self.said.len() <= at {
            self.said.resize(at + 1, Alias::Unsaid);
        }
        self.said[at] = if taken { Alias::Topic(message.topic.into()) } else { Alias::Refused };
    }
}
