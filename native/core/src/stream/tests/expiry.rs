//! Lifetimes: delivered and expired exclude one another, whatever is lost and however late.

use super::messages::unordered;
use super::*;

const LIFETIME: u64 = 50_000;

fn mortal(token: u32) -> MessageOptions {
    MessageOptions { token: Some(token), lifetime_micros: Some(LIFETIME), ..MessageOptions::default() }
}

impl Pair {
    /// Moves time on and lets both ends see it.
    pub(super) fn wait(&mut self, micros: u64) {
        self.now = self.now.plus_micros(micros);
        for end in &mut self.ends {
            if end.deadline().is_some_and(|at| at <= self.now) {
                end.on_timeout(self.now);
            }
        }
    }
}

#[test]
fn what_was_never_sent_expires_without_a_word() {
    let mut pair = Pair::with(Setup { window: 1_000, window_cap: 1_000, ..Setup::default() });
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_plain(a, &[1; 984]);
    pair.exchange();
    pair.send_with(0, a, &[2; 900], mortal(2));
    pair.send_plain(a, &[3; 900]);
    pair.send_with(0, a, &[4; 900], mortal(4));
    assert!(pair.send_all(0).iter().all(|packet| packet.frames.is_empty()), "no credit is left");
    pair.wait(LIFETIME);
    pair.send_plain(a, b"last");
    pair.exchange();
    let mut got = Vec::new();
    for _ in 0..10 {
        got.extend(pair.receive(1, b).0);
        pair.exchange();
    }
    let got: Vec<(usize, u8)> = got.iter().map(|message| (message.len(), message[0])).collect();
    assert_eq!(got, [(984, 1), (900, 3), (4, b'l')]);
    let mut fates = pair.fates(0);
    fates.sort_by_key(|(token, _)| *token);
    assert_eq!(fates, [(2, MessageFate::Expired), (4, MessageFate::Expired)]);
    let stats = pair.stats(0, a);
    assert_eq!((stats.sent, stats.delivered, stats.expired), (5, 3, 2));
}

#[test]
fn a_message_can_arrive_after_one_behind_it_was_dropped_and_nothing_else_ever_came() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_plain(a, b"late");
    let late = pair.send(0).unwrap();
    pair.send_with(0, a, b"lost for good", mortal(2));
    let lost = pair.send(0).unwrap();
    pair.lose(0, &lost);
    pair.wait(LIFETIME);
    let question = pair.send(0).unwrap();
    pair.deliver(1, &question);
    let answer = pair.send(1).unwrap();
    pair.deliver(0, &answer);
    // The drop is known now: its place counts as if it had come.
    pair.acknowledge(1, &answer);
    pair.deliver(1, &late);
    assert_eq!(pair.receive(1, b).0, [b"late".to_vec()]);
    assert_eq!(pair.fates(0), [(2, MessageFate::Expired)]);
}

#[test]
fn an_acknowledgement_that_comes_too_late_needs_the_receivers_word() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, b"whole in time", mortal(1));
    let packet = pair.send(0).unwrap();
    pair.deliver(1, &packet);
    assert_eq!(pair.receive(1, b).0, [b"whole in time".to_vec()]);
    pair.wait(LIFETIME);
    pair.acknowledge(0, &packet);
    assert_eq!(pair.fates(0), []);
    pair.exchange();
    assert_eq!(pair.fates(0), [(1, MessageFate::Delivered)]);
    assert_eq!(pair.stats(0, a).delivered, 1);
}

#[test]
fn late_acknowledgements_that_come_before_the_timer_prove_nothing() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, &pattern(0, 2000), mortal(1));
    let parts = pair.send_all(0);
    pair.deliver(1, &parts[0]);
    pair.now = pair.now.plus_micros(2 * LIFETIME);
    pair.deliver(1, &parts[1]);
    parts.iter().for_each(|part| pair.acknowledge(0, part));
    assert_eq!(pair.fates(0), []);
    pair.wait(0);
    pair.exchange();
    assert_eq!(pair.fates(0), [(1, MessageFate::Expired)]);
    assert_eq!(pair.receive(1, b).0.len(), 0);
}

#[test]
fn a_lost_answer_is_repeated_and_says_the_same() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, &pattern(0, 3000), mortal(1));
    let parts = pair.send_all(0);
    pair.deliver(1, &parts[0]);
    pair.wait(LIFETIME + LIFETIME / 100 + 1_000);
    let question = pair.send(0).unwrap();
    pair.deliver(1, &question);
    let answer = pair.send(1).unwrap();
    // The sender asks again, and only then the late parts come.
    pair.lose(0, &question);
    let again = pair.send(0).unwrap();
    pair.deliver(1, &again);
    for part in &parts[1..] {
        pair.deliver(1, part);
    }
    pair.lose(1, &answer);
    pair.exchange();
    assert_eq!(pair.fates(0), [(1, MessageFate::Expired)]);
    assert_eq!(pair.receive(1, b).0, Vec::<Vec<u8>>::new());
    assert_eq!(pair.stats(0, a).expired, 1);
}

#[test]
fn a_message_that_is_whole_is_delivered_however_late_its_reader_comes() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, &pattern(0, 3000), mortal(1));
    let parts = pair.send_all(0);
    parts.iter().for_each(|part| pair.deliver(1, part));
    pair.wait(100 * LIFETIME);
    pair.exchange();
    assert_eq!(pair.fates(0), [(1, MessageFate::Delivered)]);
    assert_eq!(pair.receive(1, b).0, [pattern(0, 3000)]);
}

#[test]
fn the_receiver_waits_a_hundredth_and_a_millisecond_longer_than_the_lifetime() {
    for (late, delivered) in [(0, true), (1, false)] {
        let mut pair = Pair::new();
        let [a, b] = pair.open_kind(StreamKind::Messages);
        pair.send_with(0, a, &pattern(0, 2000), mortal(1));
        let parts = pair.send_all(0);
        pair.deliver(1, &parts[0]);
        pair.now = pair.now.plus_micros(LIFETIME + LIFETIME / 100 + 999 + late);
        parts[1..].iter().for_each(|part| pair.deliver(1, part));
        assert_eq!(pair.receive(1, b).0.len(), usize::from(delivered));
        pair.wait(0);
        pair.exchange();
        let fate = if delivered { MessageFate::Delivered } else { MessageFate::Expired };
        assert_eq!(pair.fates(0), [(1, fate)]);
    }
}

#[test]
fn a_dropped_message_no_longer_holds_up_those_after_it() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, b"lost", mortal(1));
    let lost = pair.send(0).unwrap();
    pair.send_plain(a, b"after");
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, Vec::<Vec<u8>>::new());
    pair.wait(LIFETIME);
    pair.lose(0, &lost);
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, [b"after".to_vec()]);
}

#[test]
fn the_end_waits_for_the_fate_of_all() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, &[5; 3000], mortal(1));
    let _lost = pair.send(0).unwrap();
    pair.ends[0].finish(a).unwrap();
    pair.exchange();
    assert_eq!(pair.receive(1, b), (vec![], false));
    pair.wait(LIFETIME);
    pair.exchange();
    let events = pair.events(0);
    let settled = StreamEvent::MessageSettled { handle: a, token: 1, fate: MessageFate::Expired };
    let place = |event: &StreamEvent| events.iter().position(|other| other == event);
    assert!(place(&settled).unwrap() < place(&StreamEvent::SendFinished { handle: a, expired: 1 }).unwrap());
    assert_eq!(pair.receive(1, b), (vec![], true));
}

#[test]
fn a_message_larger_than_the_credit_expires_although_nothing_of_it_arrived() {
    let mut pair = Pair::with(Setup { window: 4_000, window_cap: 4_000, ..Setup::default() });
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, &[6; 100_000], mortal(1));
    let lost = pair.send_all(0);
    pair.wait(LIFETIME);
    lost.iter().for_each(|packet| pair.lose(0, packet));
    pair.exchange();
    assert_eq!(pair.fates(0), [(1, MessageFate::Expired)]);
    for n in 0..20 {
        pair.send_with(0, a, &pattern(n, 3_000), unordered());
        pair.exchange();
        assert_eq!(pair.receive(1, b).0, [pattern(n, 3_000)]);
        pair.exchange();
    }
    pair.ends[0].finish(a).unwrap();
    pair.exchange();
    assert_eq!(pair.receive(1, b), (vec![], true));
}

#[test]
fn a_reset_after_an_expiry_beyond_the_credit_breaks_no_rule_even_when_it_comes_first() {
    let mut pair = Pair::with(Setup { window: 4_000, window_cap: 4_000, ..Setup::default() });
    let request = OpenRequest { kind: StreamKind::Messages, priority: 3, protocol: "p", metadata: b"" };
    let a = pair.ends[0].open(&request).unwrap();
    pair.send_with(0, a, &[6; 100_000], mortal(1));
    let _lost = pair.send_all(0);
    pair.wait(LIFETIME);
    pair.ends[0].reset(a, ResetReason::Application, 0).unwrap();
    pair.exchange();
    assert_eq!(pair.stats(0, a).unknown, 1);
    let bytes = pair.open(0);
    pair.write(0, bytes, &[1; 3_000]);
    pair.exchange();
    assert!(pair.events(1).iter().any(|event| matches!(event, StreamEvent::Readable { bytes: 3_000, .. })));
}

#[test]
fn only_so_many_are_asked_for_at_a_time() {
    let mut pair = Pair::with(Setup { window: 1 << 20, window_cap: 1 << 20, ..Setup::default() });
    let [a, b] = pair.open_kind(StreamKind::Messages);
    for token in 0..3_000 {
        pair.send_with(0, a, b"", mortal(token));
    }
    let _lost = pair.send_all(0);
    pair.wait(LIFETIME);
    let questions = |packets: &[Packet]| {
        let frames = packets.iter().flat_map(|packet| &packet.frames);
        frames.filter(|frame| matches!(frame, SentFrame::Expire { .. })).count()
    };
    let first = pair.send_all(0);
    assert_eq!(questions(&first), crate::constants::EXPIRIES_ASKED_MAX);
    for packet in &first {
        pair.deliver(1, packet);
        pair.acknowledge(0, packet);
    }
    pair.exchange();
    assert_eq!(pair.fates(0).len(), 3_000);
    assert_eq!(pair.receive(1, b).0.len(), 0);
    assert_eq!(pair.stats(0, a).expired, 3_000);
}
