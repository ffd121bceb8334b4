use super::*;
use crate::constants::PTO_MAX_MICROS;
use crate::path_control::SendPermit;

#[test]
fn a_lost_tail_is_probed_for_after_one_probe_time_out() {
    let mut sender = Sender::measured();
    sender.send(3);
    let pto = sender.path.rtt.pto_micros();
    assert_eq!(pto, RTT + 1_000 + 5_000);
    assert_eq!(sender.micros_to_deadline(), Some(pto));
    assert_eq!(sender.time_out(), TimeoutOutcome::Probe { packets: 1 });
    assert_eq!(sender.fate.lost, [1], "the oldest packet's data goes into the probe");
    assert_eq!(sender.path.bytes_in_flight(), 3 * u64::from(SIZE), "and no packet is given up");
}

#[test]
fn nothing_is_awaited_when_nothing_asks_for_an_acknowledgement() {
    let mut sender = Sender::measured();
    assert_eq!(sender.recovery.deadline(&sender.path), None);
    sender.send_acknowledgements(3);
    assert_eq!(sender.recovery.deadline(&sender.path), None);
}

#[test]
fn a_time_out_that_came_early_does_nothing() {
    let mut sender = Sender::measured();
    sender.send(1);
    let outcome = sender.recovery.on_timeout(sender.now, &mut sender.path, &mut sender.fate);
    assert_eq!(outcome, TimeoutOutcome::Nothing);
}

#[test]
fn probes_back_off_up_to_one_second_even_if_none_could_be_sent() {
    let mut sender = Sender::measured();
    sender.send(1);
    let pto = sender.path.rtt.pto_micros();
    let mut waits = Vec::new();
    for _ in 0..12 {
        waits.push(sender.micros_to_deadline().unwrap());
        sender.time_out();
    }
    assert_eq!(waits[..4], [pto, 2 * pto, 4 * pto, 8 * pto]);
    assert_eq!(waits[11], PTO_MAX_MICROS);
}

#[test]
fn a_path_slower_than_the_longest_back_off_still_waits_a_whole_time_out() {
    let mut sender = Sender::measured();
    (0..200).for_each(|_| sender.path.rtt.update(3_000_000, 0));
    sender.send(1);
    sender.time_out();
    assert_eq!(sender.micros_to_deadline(), Some(sender.path.rtt.pto_micros()));
}

#[test]
fn an_acknowledgement_ends_the_back_off() {
    let mut sender = Sender::measured();
    sender.send(2);
    sender.time_out();
    sender.time_out();
    assert_eq!(sender.recovery.pto_count(), 2);
    sender.acknowledge(&[1..=1]);
    assert_eq!(sender.recovery.pto_count(), 0);
}

#[test]
fn probes_pass_the_window_and_nothing_else_does() {
    let mut sender = Sender::measured();
    sender.send(100);
    let size = u64::from(SIZE);
    assert_eq!(sender.path.can_send(sender.now, size), SendPermit::BlockedByWindow);
    sender.time_out();
    assert_eq!(sender.path.can_send(sender.now, size), SendPermit::Now(size));
    sender.send(1);
    assert_eq!(sender.path.can_send(sender.now, size), SendPermit::BlockedByWindow);
    assert_eq!(sender.time_out(), TimeoutOutcome::Probe { packets: 2 });
    sender.send_acknowledgements(5);
    assert_eq!(sender.path.probes_owed(), 2, "an acknowledgement is no probe");
}

#[test]
fn what_a_probe_carries_is_not_told_lost_again() {
    let mut sender = Sender::measured();
    sender.send(3);
    sender.time_out();
    sender.send(1);
    sender.time_out();
    sender.send(2);
    assert_eq!(sender.fate.lost, [1, 2, 3], "each time-out hands over the next");
    sender.wait(RTT);
    let outcome = sender.acknowledge(&[5..=6]);
    assert!(outcome.lost_packets >= 2, "{outcome:?}");
    assert_eq!(sender.fate.lost, [1, 2, 3, 4], "the lost probe itself");
    assert_eq!(sender.fate.lost_after_probe, [1, 2, 3], "what no probe carries learns of it all the same");
}

#[test]
fn a_process_that_slept_sends_one_probe_not_one_for_each_time_out_missed() {
    let mut sender = Sender::measured();
    sender.send(500);
    sender.wait(200_000);
    let outcome = sender.recovery.on_timeout(sender.now, &mut sender.path, &mut sender.fate);
    assert_eq!(outcome, TimeoutOutcome::Probe { packets: 1 });
    let again = sender.recovery.on_timeout(sender.now, &mut sender.path, &mut sender.fate);
    assert_eq!(again, TimeoutOutcome::Nothing);
    sender.acknowledge(&[1..=500]);
    assert_eq!(sender.fate.lost, [1]);
    assert!(sender.path.window_bytes() >= 12_000, "and its window is whole");
    assert_eq!(sender.path.probes_owed(), 0, "the probe has become needless");
}
