use super::super::max_filter::MaxFilter;
use super::super::short_term::Bounds;
use super::*;

#[test]
fn the_largest_sample_is_kept_for_this_period_and_the_next() {
    let mut filter = MaxFilter::default();
    filter.update(7);
    filter.update(5);
    filter.advance();
    filter.update(3);
    assert_eq!(filter.largest(), 7);
    filter.advance();
    assert_eq!(filter.largest(), 3);
    filter.advance();
    assert_eq!(filter.largest(), 3, "a period without samples pushes nothing out");
}

#[test]
fn the_smallest_round_trip_counts_for_ten_seconds_and_is_due_after_five() {
    let mut filter = MinRtt::default();
    assert_eq!(filter.micros(), None);
    filter.update(at(0), Some(10_000));
    filter.update(at(1_000_000), Some(12_000));
    assert_eq!((filter.micros(), filter.is_expired()), (Some(10_000), false));
    filter.update(at(5_000_001), Some(12_000));
    assert_eq!((filter.micros(), filter.is_expired()), (Some(10_000), true));
    filter.update(at(6_000_000), Some(13_000));
    assert_eq!((filter.micros(), filter.is_expired()), (Some(10_000), false), "measured again");
    filter.update(at(10_000_001), Some(13_000));
    assert_eq!(filter.micros(), Some(12_000));
    filter.update(at(10_000_002), Some(9_000));
    assert_eq!(filter.micros(), Some(9_000), "a smaller one at once");
}

#[test]
fn a_long_round_trip_counts_for_32_of_its_length_and_is_due_after_16() {
    let mut filter = MinRtt::default();
    filter.update(at(0), Some(1_000_000));
    filter.update(at(16_000_000), Some(1_200_000));
    assert!(!filter.is_expired());
    filter.update(at(16_000_001), Some(1_200_000));
    assert_eq!((filter.micros(), filter.is_expired()), (Some(1_000_000), true));
    filter.update(at(32_000_000), Some(1_200_000));
    assert_eq!(filter.micros(), Some(1_000_000));
    filter.update(at(32_000_001), Some(1_200_000));
    assert_eq!(filter.micros(), Some(1_200_000));
}

#[test]
fn three_rounds_without_a_quarter_more_are_a_full_pipe() {
    let mut pipe = FullPipe::default();
    for rate in [100, 125, 157, 197, 197, 247] {
        pipe.on_round(rate);
        assert!(!pipe.is_full(), "{rate}");
    }
    for rate in [247, 307] {
        pipe.on_round(rate);
        assert!(!pipe.is_full(), "the first or second without: {rate}");
    }
    pipe.on_round(1);
    assert!(pipe.is_full() && pipe.was_ever_full());
    pipe.restart(247);
    assert!(!pipe.is_full() && pipe.was_ever_full(), "looks again, and remembers");
}

#[test]
fn a_round_ends_with_a_packet_that_was_sent_after_it_began() {
    let mut rounds = Rounds::default();
    rounds.on_acked(Some(0), 1_000);
    assert!(rounds.started());
    rounds.on_acked(Some(999), 2_000);
    assert!(!rounds.started());
    rounds.on_acked(None, 2_500);
    assert!(!rounds.started(), "a packet without a snapshot proves nothing");
    rounds.on_acked(Some(1_000), 3_000);
    assert!(rounds.started());
    assert_eq!(rounds.count(), 2);
    rounds.restart(4_000);
    rounds.on_acked(Some(3_500), 5_000);
    assert!(!rounds.started());
}

#[test]
fn clumps_of_acknowledgements_are_what_came_beyond_the_rate_and_are_forgotten_after_ten_rounds() {
    let mut aggregation = AckAggregation::default();
    // 1 MB/s in clumps of 20,000 bytes each 20 ms.
    for clump in 0..10 {
        aggregation.on_acked(at(clump * 20_000), 20_000, 1_000_000, u64::MAX, clump, true);
    }
    assert_eq!(aggregation.extra_bytes(), 20_000);
    for round in 10..21 {
        let now = at(200_000 + round * 1_000);
        aggregation.restart(now);
        aggregation.on_acked(now, 1_000, 1_000_000, u64::MAX, round, true);
    }
    assert_eq!(aggregation.extra_bytes(), 1_000);
    aggregation.on_acked(at(300_000), 50_000, 1_000_000, 7_000, 21, true);
    assert_eq!(aggregation.extra_bytes(), 7_000, "never more than a window");
}

fn lost(number: u64, previous: u64) -> LostPacket {
    let previous_number = Some(previous);
    LostPacket {
        now: at(0),
        sent_at: at(0),
        number,
        previous_number,
        bytes: 1_200,
        rtt_micros: 1,
        snapshot: SnapshotSerial::default(),
    }
}

/// A sample whose packet was sent when `delivered` bytes had been delivered, and nothing was known of what was lost since.
fn sample(delivered: u64) -> RateSample {
    RateSample {
        rate: 900_000,
        delivered: 90_000,
        prior_delivered: Some(delivered),
        sent_in_flight: 100_000,
        ..RateSample::default()
    }
}

#[test]
fn short_term_bounds_follow_a_round_beyond_the_loss_threshold_only() {
    let after = |bytes_lost: u64, is_probing: bool| {
        let mut model = ShortTermModel::new();
        model.on_lost(&lost(1, 0), 100_000, 7_000);
        model.on_sample(&sample(100_000), 200_000, 7_000 + 1_200 + bytes_lost);
        model.adapt(is_probing, 1_000_000, 200_000);
        model.bounds
    };
    assert_eq!(after(2_001, false), Bounds { bandwidth: 900_000, inflight: 140_000 });
    assert_eq!(after(2_000, false), Bounds::NONE, "two percent");
    assert_eq!(after(50_000, true), Bounds::NONE, "probing finds its own bounds");

    let mut model = ShortTermModel::new();
    model.on_lost(&lost(1, 0), 100_000, 0);
    model.on_sample(&sample(99_999), 200_000, 50_000);
    model.adapt(false, 1_000_000, 200_000);
    assert_eq!(model.bounds, Bounds::NONE, "the round is not over");
}

#[test]
fn the_next_round_is_not_blamed_for_the_losses_of_the_one_before() {
    let mut model = ShortTermModel::new();
    model.on_lost(&lost(1, 0), 100_000, 0);
    model.on_sample(&sample(100_000), 200_000, 50_000);
    model.adapt(true, 1_000_000, 200_000);
    model.on_sample_used(&sample(100_000));
    model.on_lost(&lost(9, 8), 250_000, 50_000);
    model.on_sample(&sample(250_000), 350_000, 51_200);
    model.adapt(false, 1_000_000, 200_000);
    assert_eq!(model.bounds, Bounds::NONE);
}

#[test]
fn a_mark_bounds_once_a_round_however_many_there_are() {
    let mut model = ShortTermModel::new();
    let mut bounds = Vec::new();
    for round in 1..=3 {
        (0..9).for_each(|mark| model.on_marked(round * 100_000 + mark));
        model.on_sample(&sample(round * 100_000), round * 100_000 + 50, 0);
        model.adapt(false, 1_000_000, 1_000_000);
        bounds.push(model.bounds.inflight);
    }
    assert_eq!(bounds, [700_000, 490_000, 343_000]);
    model.on_sample(&sample(500_000), 600_000, 0);
    model.adapt(false, 1_000_000, 1_000_000);
    assert_eq!(model.bounds.inflight, 343_000, "and no longer than they come");
}

#[test]
fn runs_of_lost_packets_are_counted_by_what_was_in_flight_between_them() {
    let mut model = ShortTermModel::new();
    model.on_lost(&lost(4, 3), 100_000, 0);
    model.on_lost(&lost(5, 4), 100_000, 1_200);
    model.on_lost(&lost(8, 5), 100_000, 2_400);
    assert_eq!(model.loss_ranges(), 1, "6 and 7 only acknowledged");
    model.on_lost(&lost(11, 10), 100_000, 3_600);
    assert_eq!(model.loss_ranges(), 2);
}
