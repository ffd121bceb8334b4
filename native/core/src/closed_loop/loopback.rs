//! A path of 100 microseconds at 20 Gbit/s with timers of a millisecond.

use super::{Link, Network};

#[test]
fn a_timer_of_a_millisecond_does_not_throttle_a_path_of_100_us() {
    let mut link = Link::new(20_000_000_000, 100, 100);
    link.queue_bytes = 4 << 20;
    let mut network = Network::new(link, 1);
    network.run_micros(20_000);
    let rate = network.measure(300_000)[0];
    assert!(rate >= 19_000_000_000, "{} Mbit/s", rate / 1_000_000);
}

#[test]
fn a_receive_buffer_that_overflows_does_not_collapse_the_rate() {
    let mut link = Link::new(10_000_000_000, 100, 100);
    link.queue_bytes = 212_992;
    let mut network = Network::new(link, 1);
    network.run_micros(100_000);
    let rate = network.measure(500_000)[0];
    assert!(rate >= 9_000_000_000, "{} Mbit/s", rate / 1_000_000);
}
