use super::*;

const LIFETIME_MICROS: u64 = 1_000;

/// One message that was sent, whose lifetime is over, and for which EXPIRE was sent.
fn asked() -> (Outbox, Instant) {
    let mut outbox = Outbox::default();
    let now = Instant::from_micros(5_000);
    let options = MessageOptions { lifetime_micros: Some(LIFETIME_MICROS), ..MessageOptions::default() };
    outbox.push(now, 0, 10, &options);
    outbox.on_begun(0, 0);
    let now = now.plus_micros(LIFETIME_MICROS);
    assert!(outbox.pop_expired(now, false).is_some());
    assert!(outbox.next_to_ask().is_some());
    outbox.on_asked(now);
    (outbox, now)
}

#[test]
fn however_often_its_question_is_lost_a_message_is_watched_once() {
    let (mut outbox, mut now) = asked();
    for _ in 0..1_000 {
        now = now.plus_micros(100);
        outbox.on_ask_lost(0);
        assert!(outbox.next_to_ask().is_some());
        outbox.on_asked(now);
        assert_eq!(outbox.deadlines.len(), 1);
    }
}

#[test]
fn a_question_is_repeated_when_its_last_time_is_long_ago_and_not_before() {
    let (mut outbox, first) = asked();
    let again = first.plus_micros(EXPIRE_REPEAT_MICROS / 2);
    outbox.on_ask_lost(0);
    assert!(outbox.next_to_ask().is_some());
    outbox.on_asked(again);
    // The watch of the first question comes up, and is set anew for the second.
    assert!(outbox.pop_expired(first.plus_micros(EXPIRE_REPEAT_MICROS), false).is_none());
    assert!(!outbox.owes_expire());
    assert_eq!(outbox.deadline(), Some(again.plus_micros(EXPIRE_REPEAT_MICROS)));
    assert!(outbox.pop_expired(again.plus_micros(EXPIRE_REPEAT_MICROS), false).is_none());
    assert!(outbox.owes_expire());
}
