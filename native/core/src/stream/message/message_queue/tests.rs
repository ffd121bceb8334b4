use super::super::out_message::{OutState, NO_PLACE};
use super::super::MESSAGE_RECORD_BYTES;
use super::*;
use crate::time::Instant;

const MESSAGES: u64 = 10_000;
const LEN: u32 = 64;
const TAKEN: u64 = MESSAGE_RECORD_BYTES + LEN as u64;

fn queue() -> MessageQueue {
    let mut queue = MessageQueue::default();
    for number in 0..MESSAGES {
        queue.push_back(OutMessage {
            start: number * TAKEN,
            place: NO_PLACE,
            expires_at: Instant::FAR_FUTURE,
            len: LEN,
            unordered: false,
            token: None,
            state: OutState::Waiting,
            is_watched: false,
        });
    }
    queue
}

#[test]
fn every_offset_leads_to_its_message_in_whatever_order_and_after_others_have_left() {
    let mut queue = queue();
    let mut offset = 1;
    for step in 0..50_000_u64 {
        offset = (offset * 48_271 + step) % (MESSAGES * TAKEN + 500);
        let number = offset / TAKEN;
        let is_there = number >= queue.forgotten && number < MESSAGES;
        assert_eq!(queue.at(offset).map(|message| message.start), is_there.then_some(number * TAKEN));
        assert_eq!(queue.find(offset).is_some(), is_there && offset % TAKEN == 0);
        if step % 10 == 0 {
            queue.pop_front();
        }
    }
}

#[test]
fn who_sends_at_one_place_and_is_acknowledged_at_another_searches_for_neither() {
    let mut queue = queue();
    // Both begin somewhere; from then on each goes on in order, a few parts a message, by turns of a packet.
    for lead in [0, 5_000] {
        assert!(queue.at(lead * TAKEN).is_some());
    }
    let before = queue.fingers.searches.get();
    for number in 1..4_900 {
        for part in 0..3 {
            assert!(queue.at((5_000 + number) * TAKEN + part).is_some());
        }
        assert!(queue.find_mut((5_000 + number) * TAKEN).is_some());
        assert!(queue.find_mut(number * TAKEN).is_some());
        queue.pop_front();
    }
    assert!(queue.at(MESSAGES * TAKEN).is_none(), "what comes next is not there yet, which takes no search");
    assert_eq!(queue.fingers.searches.get(), before);
}
