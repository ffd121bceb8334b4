//! The machine slept, or the process was stopped, while packets were in flight.

use super::*;

const STOPPED: u64 = 60_000_000;

/// One that was stopped with four packets in flight, whose acknowledgements lie in the socket.
fn stopped() -> Sender {
    let mut sender = Sender::measured();
    sender.send(4);
    sender.wait(STOPPED);
    sender
}

fn assert_unmoved(sender: &Sender) {
    assert_eq!(sender.path.rtt.smoothed_micros(), RTT);
    assert_eq!(sender.path.rtt.pto_micros(), RTT + 1_000 + 5_000);
}

#[test]
fn acknowledgements_that_lay_unread_tell_no_round_trip() {
    let mut sender = stopped();
    for number in 1..=4 {
        let outcome = sender.acknowledge(&[0..=number]);
        assert_eq!((outcome.newly_acked_packets, outcome.rtt_sample_micros), (1, None));
    }
    assert_unmoved(&sender);
}

#[test]
fn nor_do_they_where_the_timers_were_looked_at_before_the_last_of_them_was_read() {
    let mut sender = stopped();
    sender.acknowledge(&[0..=1]);
    assert_eq!(
        sender.recovery.on_timeout(sender.now, &mut sender.path, &mut sender.fate),
        TimeoutOutcome::Probe { packets: 1 }
    );
    sender.wait(1_000);
    assert_eq!(sender.acknowledge(&[0..=4]).rtt_sample_micros, None);
    assert_unmoved(&sender);
}

#[test]
fn what_is_sent_afterwards_is_measured_again() {
    let mut sender = stopped();
    sender.acknowledge(&[0..=4]);
    sender.send(1);
    sender.wait(RTT + 8_000);
    assert_eq!(sender.acknowledge(&[0..=5]).rtt_sample_micros, Some(RTT + 8_000));
    assert_eq!(sender.path.rtt.smoothed_micros(), RTT + 1_000);
}

#[test]
fn a_path_that_was_slow_while_this_process_ran_is_measured_however_slow() {
    let mut sender = Sender::measured();
    sender.send(1);
    while sender.recovery.deadline(&sender.path).is_some_and(|at| at.as_micros() < 10_000_000) {
        sender.time_out();
    }
    let age = sender.now.as_micros() - 1_000_000 - RTT;
    assert_eq!(sender.acknowledge(&[0..=1]).rtt_sample_micros, Some(age));
}
