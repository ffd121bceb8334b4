use super::*;

const BASE: usize = 1_200;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

/// Probes a path that carries `mtu` until nothing more is wanted. Returns how many probes that took.
fn search(discovery: &mut MtuDiscovery, now: Instant, mtu: usize) -> u32 {
    let mut probes = 0;
    discovery.on_full_packet(now);
    while let Some(bytes) = discovery.next_probe() {
        assert!(bytes > discovery.current());
        discovery.on_probe_sent();
        assert_eq!(discovery.next_probe(), None, "one at a time");
        if bytes <= mtu {
            discovery.on_probe_acked(now, bytes);
        } else {
            discovery.on_probe_lost(now, bytes);
        }
        discovery.on_full_packet(now);
        probes += 1;
        assert!(probes < 60, "an endless search for {mtu}");
    }
    probes
}

fn large_lost(sent_at: u64) -> LargeLost {
    LargeLost { bytes: Some(9_000), newest_sent_at: at(sent_at), small_too: false }
}

/// One that has found 9,000.
fn grown() -> MtuDiscovery {
    let mut discovery = MtuDiscovery::up_to(BASE, 9_000);
    search(&mut discovery, at(0), 9_000);
    assert_eq!(discovery.current(), 9_000);
    discovery
}

#[test]
fn every_size_is_found_to_a_step_and_none_that_does_not_pass() {
    for ceiling in [1_500, 9_000, 65_507] {
        for mtu in (BASE..=ceiling).step_by(if ceiling > 9_000 { 97 } else { 1 }) {
            let mut discovery = MtuDiscovery::up_to(BASE, ceiling);
            let probes = search(&mut discovery, at(0), mtu);
            let found = discovery.current();
            assert!(found <= mtu && mtu - found < MTU_SEARCH_STEP, "{found} of {mtu}");
            assert!(probes <= 45, "{probes} probes for {mtu}");
        }
    }
}

#[test]
fn a_bound_that_its_teller_may_see_otherwise_soon_is_tried_then_also_after_a_search_below_it() {
    let mut discovery = grown();
    assert!(discovery.on_refused(at(1), 1_401));
    discovery.raise_by(at(10_000_000));
    search(&mut discovery, at(2), 1_400);
    assert!((1_400 - MTU_SEARCH_STEP..=1_400).contains(&discovery.current()));
    search(&mut discovery, at(9_999_999), 9_000);
    assert!(discovery.current() <= 1_400);
    search(&mut discovery, at(10_000_000), 9_000);
    assert_eq!(discovery.current(), 9_000);
}

#[test]
fn usual_links_take_few_probes() {
    let probes_for = |mtu| search(&mut MtuDiscovery::up_to(BASE, 9_000), at(0), mtu);
    assert!(probes_for(1_472) <= 8, "{}", probes_for(1_472));
    assert!(probes_for(9_000) <= 5, "{}", probes_for(9_000));
}

#[test]
fn a_fixed_size_is_never_probed_for() {
    let mut discovery = MtuDiscovery::fixed(8_192);
    assert_eq!(search(&mut discovery, at(0), 65_507), 0);
    assert_eq!(discovery.current(), 8_192);
    assert!(!discovery.on_lost(at(1), &large_lost(0)));
}

#[test]
fn a_path_without_full_packets_is_not_probed() {
    assert_eq!(MtuDiscovery::up_to(BASE, 9_000).next_probe(), None);
}

#[test]
fn one_lost_probe_is_chance_and_three_are_the_path() {
    let mut discovery = MtuDiscovery::up_to(BASE, 9_000);
    let size = |discovery: &mut MtuDiscovery| {
        discovery.on_full_packet(at(0));
        let size = discovery.next_probe().unwrap();
        discovery.on_probe_sent();
        size
    };
    let first = size(&mut discovery);
    discovery.on_probe_lost(at(0), first);
    assert_eq!(size(&mut discovery), first);
    discovery.on_probe_lost(at(0), first);
    assert_eq!(size(&mut discovery), first);
    discovery.on_probe_lost(at(0), first);
    assert!(size(&mut discovery) < first);
}

#[test]
fn a_probe_that_was_only_late_counts() {
    let mut discovery = MtuDiscovery::up_to(BASE, 9_000);
    (0..3).for_each(|_| discovery.on_probe_lost(at(0), 1_452));
    assert!(discovery.on_probe_acked(at(1), 1_452));
    assert_eq!(discovery.current(), 1_452);
}

#[test]
fn it_is_raised_again_after_a_while() {
    let mut discovery = MtuDiscovery::up_to(BASE, 9_000);
    search(&mut discovery, at(0), 1_472);
    assert_eq!(search(&mut discovery, at(MTU_RAISE_MICROS - 1), 9_000), 0);
    search(&mut discovery, at(MTU_RAISE_MICROS), 9_000);
    assert_eq!(discovery.current(), 9_000);
}

#[test]
fn three_rounds_in_which_only_large_packets_are_lost_are_a_black_hole() {
    let mut discovery = grown();
    assert!(!discovery.on_lost(at(10), &large_lost(5)));
    assert!(!discovery.on_lost(at(11), &large_lost(6)), "the same round");
    assert!(!discovery.on_lost(at(20), &large_lost(15)));
    assert!(discovery.on_lost(at(30), &large_lost(25)));
    assert_eq!(discovery.current(), BASE);
    assert_eq!(search(&mut discovery, at(30), 9_000), 0, "not at once");
    search(&mut discovery, at(30 + MTU_BLACK_HOLE_PAUSE_MICROS), 9_000);
    assert_eq!(discovery.current(), 9_000);
}

#[test]
fn large_packets_that_pass_and_small_ones_that_do_not_are_no_black_hole() {
    let mut discovery = grown();
    for round in 1..10 {
        discovery.on_lost(at(round * 10), &large_lost(round * 10 - 5));
        if round % 2 == 0 {
            discovery.on_acked(9_000, at(round * 10 + 1));
        }
        let both = LargeLost { small_too: true, ..large_lost(round * 10 + 2) };
        assert!(!discovery.on_lost(at(round * 10 + 3), &both));
    }
    assert_eq!(discovery.current(), 9_000);
}

#[test]
fn a_smaller_packet_that_passes_does_not_clear_the_suspicion() {
    let mut discovery = grown();
    for round in 1..3 {
        assert!(!discovery.on_lost(at(round * 10), &large_lost(round * 10 - 5)));
        discovery.on_acked(1_250, at(round * 10 + 1));
    }
    assert!(discovery.on_lost(at(30), &large_lost(25)));
}
