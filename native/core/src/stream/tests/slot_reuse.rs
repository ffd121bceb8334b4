//! A slot that a stream left is used again, whatever the stream still owed the peer.

use super::*;

fn mortal() -> MessageOptions {
    MessageOptions { lifetime_micros: Some(50_000), ..MessageOptions::default() }
}

impl Pair {
    /// The application of `at` hears of everything: closed streams leave their slots.
    fn release_closed(&mut self, at: usize) {
        let before = self.ends[at].open_streams();
        self.events(at);
        assert!(self.ends[at].open_streams() < before, "a stream has closed");
    }

    /// Opens a stream at end `at` in the slot of `old`, gives it up, and sends all there is.
    fn use_slot_again(&mut self, at: usize, old: u32) {
        let handle = self.open(at);
        assert_eq!(handle & 0xffff, old & 0xffff);
        self.exchange();
        self.ends[at].reset(handle, ResetReason::Application, 0).unwrap();
        self.exchange();
        self.release_closed(at);
        assert!(!self.ends[at].wants_to_send());
    }
}

#[test]
fn a_stream_that_closes_with_an_answer_owed_leaves_no_turn_behind() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, b"read at once", mortal());
    pair.ends[0].finish(a).unwrap();
    for packet in pair.send_all(0) {
        pair.deliver(1, &packet);
    }
    assert_eq!(pair.receive(1, b), (vec![b"read at once".to_vec()], true));
    pair.send_all(1);
    pair.ends[1].finish(b).unwrap();
    let last = pair.send(1).unwrap();
    pair.deliver(0, &last);
    pair.wait(50_000);
    let question = pair.send(0).unwrap();
    pair.deliver(1, &question);
    pair.acknowledge(1, &last);
    pair.release_closed(1);
    assert!(!pair.ends[1].wants_to_send());
    pair.use_slot_again(1, b);
}

#[test]
fn a_stream_that_closes_with_a_question_no_longer_open_leaves_no_turn_behind() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.ends[1].finish(b).unwrap();
    pair.exchange();
    assert_eq!(pair.receive(0, a), (vec![], true));
    pair.send_with(0, a, b"lost", mortal());
    let _lost = pair.send(0).unwrap();
    pair.ends[0].finish(a).unwrap();
    pair.exchange();
    pair.wait(50_000);
    let question = pair.send(0).unwrap();
    pair.deliver(1, &question);
    let answer = pair.send(1).unwrap();
    pair.lose(0, &question);
    pair.deliver(0, &answer);
    assert!(!pair.ends[0].wants_to_send(), "nothing is asked that is answered");
    pair.release_closed(0);
    pair.use_slot_again(0, a);
}
