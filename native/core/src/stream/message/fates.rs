//! What became of the messages of one stream.

use super::out_message::{OutMessage, OutState};
use super::request::{MessageFate, MessageStats};
use std::collections::VecDeque;

/// Totals, and what the application waits to hear.
#[derive(Default)]
pub(super) struct Fates {
    /// Messages whose fate is open.
    pending: u64,
    /// Fates that the application has not been told, with their tokens.
    untold: VecDeque<(u32, MessageFate)>,
    stats: MessageStats,
}

impl Fates {
    /// One more message is to be sent.
    #[inline]
    pub(super) fn on_accepted(&mut self) {
        self.pending += 1;
        self.stats.sent += 1;
    }

    /// The fate of `message` is known.
    #[inline]
    pub(super) fn settle(&mut self, message: &mut OutMessage, fate: MessageFate) {
        message.state = OutState::Settled;
        if let Some(token) = message.token {
            self.untold.push_back((token, fate));
        }
        self.pending -= 1;
        match fate {
            MessageFate::Delivered => self.stats.delivered += 1,
            MessageFate::Expired => self.stats.expired += 1,
        }
    }

    /// What is pending will never be known.
    pub(super) fn abandon(&mut self) {
        self.stats.unknown += std::mem::take(&mut self.pending);
    }

    /// The next fate to be told, with its token.
    pub(super) fn pop_untold(&mut self) -> Option<(u32, MessageFate)> {
        self.untold.pop_front()
    }

    /// Whether a fate has to be told.
    #[inline]
    pub(super) fn has_untold(&self) -> bool {
        !self.untold.is_empty()
    }

    /// Totals of what was sent.
    pub(super) fn stats(&self) -> MessageStats {
        self.stats
    }
}
