//! Whether a path carries ECN marks, and what the peer's counts of them say (RFC 9000 §13.4.2, RFC 9002 §7.1).
//!
//! ```text
//!    Testing --enough packets marked--> Unknown --counted by the peer--> Capable
//!        \                                 |                               |
//!         +--------------------------------+---- counts that cannot be ----+----> Failed
//! ```
//!
//! Packets are marked ECT(0) while Testing and when Capable. A path that drops marked packets stays Unknown: what follows is not marked.

use crate::constants::ECN_TEST_PACKETS;
use crate::path::Ecn;
use osier_wire::EcnCounts;

/// Marking on one path. The counts are of the association: they go on from path to path.
#[derive(Clone, Debug, Default)]
pub(crate) struct EcnValidation {
    state: State,
    /// Marked on this path.
    tested: u64,
    /// Whether the present train is marked.
    is_marking: bool,
    /// Marked on all paths.
    sent: u64,
    /// As reported last.
    reported: EcnCounts,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Testing,
    Unknown,
    Capable,
    Failed,
}

impl EcnValidation {
    /// For another path: what this one has shown says nothing about it.
    pub(crate) fn anew(&self) -> Self {
        Self { state: State::Testing, tested: 0, is_marking: false, ..self.clone() }
    }

    /// The mark of the train that is built next.
    pub(crate) fn begin_train(&mut self) -> Ecn {
        if self.state == State::Testing && self.tested >= ECN_TEST_PACKETS {
            self.state = State::Unknown;
        }
        self.is_marking = matches!(self.state, State::Testing | State::Capable);
        if self.is_marking {
            Ecn::Ect0
        } else {
            Ecn::NotEct
        }
    }

    /// A packet of the present train goes out. True when it is marked.
    pub(crate) fn on_packet_sent(&mut self) -> bool {
        let marked = u64::from(self.is_marking);
        self.tested += marked;
        self.sent += marked;
        self.is_marking
    }

    /// Takes what an ACK frame says of marks; `newly_acked` marked packets of this path are acknowledged for the first time in it, and
    /// `is_newest` says whether its largest number is. True when the network marked congestion.
    pub(crate) fn on_ack(&mut self, counts: Option<&EcnCounts>, newly_acked: u64, is_newest: bool) -> bool {
        if self.state == State::Failed {
            return false;
        }
        let Some(counts) = counts else {
            if newly_acked > 0 {
                self.state = State::Failed;
            }
            return false;
        };
        if !is_newest {
            return false;
        }
        let Some(ce) = self.newly_marked(counts, newly_acked) else {
            self.state = State::Failed;
            return false;
        };
        self.reported = *counts;
        if newly_acked > 0 {
            self.state = State::Capable;
        }
        ce > 0
    }

    /// CE marks since the last report; `None` where the counts cannot be.
    fn newly_marked(&self, counts: &EcnCounts, newly_acked: u64) -> Option<u64> {
        let ect0 = counts.ect0.checked_sub(self.reported.ect0)?;
        let ce = counts.ce.checked_sub(self.reported.ce)?;
        let possible = counts.ect0.checked_add(counts.ce)? <= self.sent && counts.ect1 == 0;
        (possible && ect0.checked_add(ce)? >= newly_acked).then_some(ce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(ect0: u64, ce: u64) -> EcnCounts {
        EcnCounts { ect0, ect1: 0, ce }
    }

    fn send(ecn: &mut EcnValidation, packets: u64) -> Ecn {
        let mark = ecn.begin_train();
        (0..packets).for_each(|_| {
            ecn.on_packet_sent();
        });
        mark
    }

    /// One on which ten packets were marked, and acknowledged with their marks.
    fn capable() -> EcnValidation {
        let mut ecn = EcnValidation::default();
        send(&mut ecn, ECN_TEST_PACKETS);
        assert!(!ecn.on_ack(Some(&counts(10, 0)), 10, true));
        ecn
    }

    #[test]
    fn a_few_packets_are_marked_and_then_none_before_their_marks_are_reported() {
        let mut ecn = EcnValidation::default();
        assert_eq!(send(&mut ecn, ECN_TEST_PACKETS), Ecn::Ect0);
        assert_eq!(send(&mut ecn, 100), Ecn::NotEct);
        ecn.on_ack(Some(&counts(10, 0)), 10, true);
        assert_eq!(send(&mut ecn, 100), Ecn::Ect0);
    }

    #[test]
    fn each_new_ce_mark_is_told_once() {
        let mut ecn = capable();
        send(&mut ecn, 10);
        assert!(ecn.on_ack(Some(&counts(13, 2)), 5, true));
        assert!(!ecn.on_ack(Some(&counts(18, 2)), 5, true));
        assert_eq!(send(&mut ecn, 1), Ecn::Ect0);
    }

    #[test]
    fn counts_that_cannot_be_switch_marking_off_for_good() {
        let mut lies = vec![
            (None, 5),
            (Some(counts(10, 0)), 5),
            (Some(counts(9, 6)), 5),
            (Some(counts(15, 6)), 5),
            (Some(counts(u64::MAX, u64::MAX)), 5),
        ];
        lies.push((Some(EcnCounts { ect1: 1, ..counts(15, 0) }), 5));
        for (lie, newly_acked) in lies {
            let mut ecn = capable();
            send(&mut ecn, 10);
            assert!(!ecn.on_ack(lie.as_ref(), newly_acked, true), "{lie:?}");
            assert_eq!(send(&mut ecn, 1), Ecn::NotEct, "{lie:?}");
            ecn.on_ack(Some(&counts(20, 0)), 10, true);
            assert_eq!(send(&mut ecn, 1), Ecn::NotEct, "{lie:?}");
        }
    }

    #[test]
    fn an_acknowledgement_that_was_overtaken_proves_nothing() {
        let mut ecn = capable();
        send(&mut ecn, 10);
        ecn.on_ack(Some(&counts(20, 0)), 5, true);
        assert!(!ecn.on_ack(Some(&counts(15, 0)), 5, false));
        assert_eq!(send(&mut ecn, 1), Ecn::Ect0);
    }

    #[test]
    fn another_path_is_tested_anew_and_the_counts_go_on() {
        let mut ecn = capable();
        send(&mut ecn, 10);
        ecn.on_ack(None, 1, true);
        let mut next = ecn.anew();
        assert_eq!(send(&mut next, 10), Ecn::Ect0);
        assert!(!next.on_ack(Some(&counts(30, 0)), 10, true), "those of the path before are among them");
        assert_eq!(send(&mut next, 1), Ecn::Ect0);
    }
}
