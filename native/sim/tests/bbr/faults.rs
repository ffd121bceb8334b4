//! A path that reorders or goes, a process that is stopped, a sender that moves.

use super::dumbbell::{Bottleneck, Dumbbell, SECOND};
use osier_core::CongestionAlgorithm::Bbr;
use osier_sim::{HostId, LinkConfig};

const PATH: Bottleneck =
    Bottleneck { bytes_per_second: 12_500_000, rtt_micros: 40_000, queue_bdp_percent: 100, loss_rate: 0.0 };
const SENDER: HostId = HostId(0);
const RECEIVER: HostId = HostId(1);

fn settled(seed: u64, link: &LinkConfig) -> Dumbbell {
    let mut dumbbell = Dumbbell::over(seed, PATH, link, &[Bbr]);
    dumbbell.run(5 * SECOND);
    dumbbell
}

#[test]
fn reordering_costs_little() {
    let link = LinkConfig { reorder_rate: 0.01, reorder_micros: 20_000, ..LinkConfig::default() };
    let share = settled(21, &link).run(20 * SECOND)[0];
    assert!(share >= 0.85, "share of the link: {share:.3}");
}

#[test]
fn two_seconds_after_an_outage_the_path_is_full_again() {
    for outage in [SECOND, 5 * SECOND] {
        let mut dumbbell = settled(22, &LinkConfig::default());
        dumbbell.net.link(SENDER, RECEIVER).config.down = true;
        dumbbell.net.link(RECEIVER, SENDER).config.down = true;
        dumbbell.run(outage);
        dumbbell.net.link(SENDER, RECEIVER).config.down = false;
        dumbbell.net.link(RECEIVER, SENDER).config.down = false;
        dumbbell.run(2 * SECOND);
        let share = dumbbell.run(5 * SECOND)[0];
        assert!(share >= 0.85, "after {outage} us: share of the link {share:.3}");
    }
}

#[test]
fn a_second_after_either_end_was_stopped_the_path_is_full_again() {
    for host in [SENDER, RECEIVER] {
        let mut dumbbell = settled(23, &LinkConfig::default());
        dumbbell.net.freeze(host, 8 * SECOND);
        dumbbell.run(9 * SECOND);
        let share = dumbbell.run(5 * SECOND)[0];
        assert!(share >= 0.85, "{host:?}: share of the link {share:.3}");
    }
}

#[test]
fn three_seconds_after_the_sender_moved_the_new_path_is_full() {
    let mut dumbbell = settled(24, &LinkConfig::default());
    dumbbell.net.set_address(SENDER, ([10, 9, 9, 9], 7400).into());
    dumbbell.run(3 * SECOND);
    let share = dumbbell.run(5 * SECOND)[0];
    assert!(share >= 0.85, "share of the link: {share:.3}");
}
