//! PINGs that somebody waits for.

use crate::time::Instant;

/// Pings at once; one more replaces the oldest, whose answer is then not told.
const OUTSTANDING_MAX: usize = 64;

/// One ping and what came of it.
#[derive(Clone, Copy, Debug)]
struct Ping {
    token: u32,
    serial: u32,
    sent_at: Option<Instant>,
}

/// Outstanding pings of one association, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    outstanding: Vec<Ping>,
    next_serial: u32,
    unsent: bool,
    answered: Vec<(u32, Instant)>,
}

impl Pings {
    /// Asks for a PING whose acknowledgement will be told under `token`.
    pub(crate) fn request(&mut self, token: u32) {
        if self.outstanding.len() == OUTSTANDING_MAX {
            self.outstanding.remove(0);
        }
        self.next_serial = self.next_serial.wrapping_add(1);
        self.outstanding.push(Ping { token, serial: self.next_serial, sent_at: None });
        self.unsent = true;
    }

    /// Asks for a PING that nobody waits for: a probe, a keep-alive, a key confirmation.
    pub(crate) fn request_probe(&mut self) {
        self.unsent = true;
    }

    /// Whether a PING has to be sent.
    pub(crate) fn wants_to_send(&self) -> bool {
        self.unsent
    }

    /// Whether the PING that has to be sent is one that somebody waits for.
    pub(crate) fn is_awaited(&self) -> bool {
        self.unsent && !self.outstanding.is_empty()
    }

    /// A PING goes out now: returns the serial that its packet records.
    pub(crate) fn on_sent(&mut self, now: Instant) -> u32 {
        self.unsent = false;
        for ping in &mut self.outstanding {
            ping.sent_at.get_or_insert(now);
        }
        self.next_serial
    }

    /// The packet with `serial` was acknowledged: it answers every ping up to it.
    pub(crate) fn on_acknowledged(&mut self, serial: u32) {
        let answered = &mut self.answered;
        self.outstanding.retain(|ping| {
            let later = serial.wrapping_sub(ping.serial) > u32::MAX / 2;
            match ping.sent_at {
                Some(sent_at) if !later => {
                    answered.push((ping.token, sent_at));
                    false
                }
                _ => true,
            }
        });
    }

    /// The packet with a PING was lost: it is sent again while somebody waits.
    pub(crate) fn on_lost(&mut self) {
        self.unsent |= !self.outstanding.is_empty();
    }

    /// The next answered ping: its token and when it was first sent.
    pub(crate) fn poll_answer(&mut self) -> Option<(u32, Instant)> {
        self.answered.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_acknowledgement_answers_the_pings_sent_so_far_and_no_later_one() {
        let mut pings = Pings::default();
        pings.request(1);
        pings.request(2);
        let serial = pings.on_sent(Instant::from_micros(10));
        pings.request(3);
        pings.on_acknowledged(serial);
        let mut tokens: Vec<u32> =
            std::iter::from_fn(|| pings.poll_answer()).map(|(token, _)| token).collect();
        tokens.sort_unstable();
        assert_eq!(tokens, [1, 2]);
        assert!(pings.wants_to_send());
    }

    #[test]
    fn a_lost_ping_is_sent_again_and_keeps_its_first_time() {
        let mut pings = Pings::default();
        pings.request(7);
        pings.on_sent(Instant::from_micros(10));
        pings.on_lost();
        assert!(pings.wants_to_send());
        let serial = pings.on_sent(Instant::from_micros(500));
        pings.on_acknowledged(serial);
        assert_eq!(pings.poll_answer(), Some((7, Instant::from_micros(10))));
    }

    #[test]
    fn a_probe_that_nobody_waits_for_is_not_repeated() {
        let mut pings = Pings::default();
        pings.request_probe();
        pings.on_sent(Instant::from_micros(1));
        pings.on_lost();
        assert!(!pings.wants_to_send());
    }

    #[test]
    fn of_more_pings_than_are_kept_the_newest_are_answered() {
        let mut pings = Pings::default();
        for token in 0..10 * OUTSTANDING_MAX as u32 {
            pings.request(token);
        }
        assert_eq!(pings.outstanding.len(), OUTSTANDING_MAX);
        let serial = pings.on_sent(Instant::from_micros(1));
        pings.on_acknowledged(serial);
        assert_eq!(pings.answered.len(), OUTSTANDING_MAX);
        assert_eq!(pings.answered.last().map(|(token, _)| *token), Some(10 * OUTSTANDING_MAX as u32 - 1));
    }
}
