//! Credit over all streams of an association, both ways, and the memory that it stands for.

use super::credit_window::CreditWindow;
use super::error::ProtocolViolation;
use super::memory_budget::{MemoryBudget, Reservation};
use crate::constants::CREDIT_INITIAL_BYTES;
use crate::time::Instant;
use osier_wire::limits::MAX_STREAM_OFFSET;
use std::rc::Rc;

/// What this end allowed the peer over all streams together.
///
/// Unread bytes of slow readers must not use up the room of their neighbours. So, when the peer runs out of association
/// credit although the readers had their chance, what they hold unread is granted again on top: each of them stays bounded by the
/// window of its own stream, and all together by the node's memory budget.
///
/// The budget carries what was promised (granted and not yet consumed) or what the rings really take, whichever is more.
pub(crate) struct AssociationCredit {
    window: CreditWindow,
    /// Sum of the highest offsets of all streams.
    received: u64,
    /// Memory of all receive rings.
    held_bytes: u64,
    /// What messages that have begun need beyond what came.
    expected_bytes: u64,
    reservation: Reservation,
    grant_owed: bool,
}

impl AssociationCredit {
    /// The credit `initial` given before any frame.
    pub(crate) fn new(initial: u64, cap: u64, budget: &Rc<MemoryBudget>) -> Self {
        Self {
            window: CreditWindow::new(initial, cap),
            received: 0,
            held_bytes: 0,
            expected_bytes: 0,
            reservation: Reservation::of(budget, initial),
            grant_owed: false,
        }
    }

    /// The peer has used `bytes` more.
    #[inline]
    pub(crate) fn on_received(&mut self, bytes: u64) -> Result<(), ProtocolViolation> {
        if bytes > self.left() {
            return Err(ProtocolViolation::AssociationCredit);
        }
        self.received += bytes;
        Ok(())
    }

    /// What the peer may still send.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.window.granted() - self.received
    }

    /// The peer goes on `bytes` further without having sent them, and without credit: they are never held, and count as consumed at once.
    pub(crate) fn on_passed_over(&mut self, bytes: u64) {
        // Offsets end where the credit does; nobody comes near.
        let bytes = bytes.min(MAX_STREAM_OFFSET.saturating_sub(self.received));
        if bytes > 0 {
            self.received += bytes;
            self.window.pass_over(bytes, self.received);
            self.grant_owed = true;
            self.settle();
        }
    }

    /// What one stream's message needs beyond what came changed.
    #[inline]
    pub(crate) fn on_expected(&mut self, before: u64, after: u64) {
        self.expected_bytes = self.expected_bytes + after - before;
    }

    /// The application has consumed `bytes` more.
    #[inline]
    pub(crate) fn on_consumed(&mut self, now: Instant, rtt_micros: u64, bytes: u64) {
        self.grant_owed |= self.window.on_consumed(now, rtt_micros, bytes, self.reservation.budget());
        self.settle();
    }

    /// `bytes` more were dropped unread.
    pub(crate) fn on_discarded(&mut self, bytes: u64) {
        self.grant_owed |= self.window.on_discarded(bytes);
        self.settle();
    }

    /// The memory of one receive ring changed.
    #[inline]
    pub(crate) fn on_memory(&mut self, before: u64, after: u64) {
        if before != after {
            self.held_bytes = self.held_bytes + after - before;
            self.settle();
        }
    }

    /// Memory that is reserved and in no ring.
    #[inline]
    pub(crate) fn spare_bytes(&self) -> u64 {
        self.reservation.bytes() - self.held_bytes
    }

    /// Bytes that the peer may be ahead of consumption.
    pub(crate) fn window_bytes(&self) -> u64 {
        self.window.window()
    }

    /// What bounds the growth of windows.
    pub(crate) fn budget(&self) -> &MemoryBudget {
        self.reservation.budget()
    }

    /// Whether MAX_DATA has to be sent.
    #[inline]
    pub(crate) fn wants_grant(&self) -> bool {
        self.grant_owed || self.excused_bytes() > 0
    }

    /// The credit to tell the peer now. Called when the readers have had their chance.
    pub(crate) fn take_grant(&mut self) -> u64 {
        let granted = self.window.grant_beyond(self.excused_bytes());
        self.grant_owed = false;
        self.settle();
        granted
    }

    /// MAX_DATA was lost: the present value has to be sent.
    pub(crate) fn on_grant_lost(&mut self) {
        self.grant_owed = true;
    }

    /// Bytes that readers hold up and that are to be granted again, when the peer would else run out: all that is unread, as far as the
    /// budget allows. Where it hardly allows anything, enough for the neighbours not to stand still.
    #[inline]
    fn excused_bytes(&self) -> u64 {
        let (granted, consumed, window) =
            (self.window.granted(), self.window.consumed(), self.window.window());
        let left = granted.max(consumed + window) - self.received;
        if left >= window / 2 {
            return 0;
        }
        self.affordable_excuse(granted, consumed + window, left)
    }

    fn affordable_excuse(&self, granted: u64, plain: u64, left: u64) -> u64 {
        let budget = self.reservation.budget();
        // Nobody can read half a message: its ring will grow with it, to twice as much in the end.
        let (rings, share) = match self.expected_bytes {
            0 => (0, 1),
            _ => ((2 * self.promised_bytes()).saturating_sub(self.reservation.bytes()), 2),
        };
        let room = match budget.growth_room_beside(rings) / share {
            room if room >= CREDIT_INITIAL_BYTES => room,
            _ if left < CREDIT_INITIAL_BYTES && budget.may_continue(rings + share * CREDIT_INITIAL_BYTES) => {
                CREDIT_INITIAL_BYTES
            }
            _ => return 0,
        };
        let unread = self.received - self.window.consumed();
        (unread + self.expected_bytes).min((granted + room).saturating_sub(plain))
    }

    /// Bytes that the peer may make this end hold: granted and not consumed.
    #[inline]
    pub(super) fn promised_bytes(&self) -> u64 {
        self.window.granted() - self.window.consumed()
    }

    #[inline]
    fn settle(&mut self) {
        self.reservation.set(self.promised_bytes().max(self.held_bytes));
    }
}

/// What the peer allowed this end over all streams together.
#[derive(Debug)]
pub(crate) struct SendCredit {
    maximum: u64,
    used: u64,
}

impl SendCredit {
    /// What the peer gave before any frame.
    pub(crate) fn new(maximum: u64) -> Self {
        Self { maximum, used: 0 }
    }

    /// Bytes that may still be sent for the first time. Messages that expired while they were sent may have used more than there was.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.maximum.saturating_sub(self.used)
    }

    /// `bytes` were sent for the first time.
    #[inline]
    pub(crate) fn on_sent(&mut self, bytes: u64) {
        self.used += bytes;
    }

    /// MAX_DATA came; an old one changes nothing.
    pub(crate) fn on_max_data(&mut self, maximum: u64) {
        self.maximum = self.maximum.max(maximum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_micros(1_000_000);
    const RTT: u64 = 1_000;

    #[test]
    fn the_budget_carries_the_promise_or_the_rings_whichever_is_more() {
        let budget = MemoryBudget::new(1 << 20);
        let mut credit = AssociationCredit::new(1000, 1000, &budget);
        assert_eq!(budget.used_bytes(), 1000);
        credit.on_received(600).unwrap();
        credit.on_memory(0, 4096);
        assert_eq!((budget.used_bytes(), credit.spare_bytes()), (4096, 0));
        credit.on_memory(4096, 0);
        credit.on_consumed(NOW, RTT, 600);
        assert_eq!(budget.used_bytes(), 400);
        assert_eq!(credit.take_grant(), 1600);
        assert_eq!(budget.used_bytes(), 1000);
        drop(credit);
        assert_eq!(budget.used_bytes(), 0);
    }

    #[test]
    fn unread_bytes_take_no_room_from_neighbours() {
        let budget = MemoryBudget::new(1 << 20);
        let mut credit = AssociationCredit::new(1000, 1000, &budget);
        credit.on_received(501).unwrap();
        assert!(credit.wants_grant());
        assert_eq!(credit.take_grant(), 1501);
        assert!(!credit.wants_grant());
        // Once they are read, the excess is not granted a second time.
        credit.on_consumed(NOW, RTT, 501);
        assert!(!credit.wants_grant());
    }

    #[test]
    fn a_spent_budget_excuses_nobody() {
        let budget = MemoryBudget::new(1000);
        let mut credit = AssociationCredit::new(1000, 1000, &budget);
        credit.on_received(1000).unwrap();
        assert!(!credit.wants_grant());
        credit.on_consumed(NOW, RTT, 250);
        assert!(credit.wants_grant());
        assert_eq!(credit.take_grant(), 1250);
    }

    #[test]
    fn one_byte_too_many_is_a_violation() {
        let mut credit = AssociationCredit::new(1000, 1000, &MemoryBudget::new(1 << 20));
        credit.on_received(1000).unwrap();
        assert_eq!(credit.on_received(1), Err(ProtocolViolation::AssociationCredit));
    }

    #[test]
    fn old_and_repeated_grants_change_nothing() {
        let mut credit = SendCredit::new(100);
        credit.on_sent(60);
        for maximum in [200, 150, 200, 0] {
            credit.on_max_data(maximum);
        }
        assert_eq!(credit.left(), 140);
    }
}
