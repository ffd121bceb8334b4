use super::*;

/// Profile `lan`.
const INTERVAL: u64 = 10_000;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn rtt(micros: u64) -> RttEstimator {
    let mut rtt = RttEstimator::new();
    (0..50).for_each(|_| rtt.update(micros, 0));
    rtt
}

/// A peer and what is between: `answers_after` says how long each question takes to be answered, if ever.
struct Hop {
    liveness: Liveness,
    rtt: RttEstimator,
    now: u64,
    asked: Vec<u64>,
    told: Vec<(u64, HopChange)>,
}

impl Hop {
    fn new(rtt_micros: u64) -> Self {
        let liveness = Liveness::new(at(0), INTERVAL);
        Self { liveness, rtt: rtt(rtt_micros), now: 0, asked: Vec::new(), told: Vec::new() }
    }

    /// Something of the application's goes, as one that asks.
    fn send(&mut self, micros: u64) {
        self.liveness.on_use(at(micros));
        self.liveness.on_asked(at(micros));
    }

    fn prove(&mut self, micros: u64) {
        self.liveness.on_proof(at(micros));
        self.note(micros);
    }

    fn note(&mut self, micros: u64) {
        self.told.extend(self.liveness.poll_change().map(|change| (micros, change)));
    }

    /// The timer goes off, so many microseconds late, until `until`. Questions are sent; none is answered.
    fn run_unanswered(&mut self, until: u64, late_micros: u64) {
        while let Some(due) = self.liveness.deadline().map(Instant::as_micros).filter(|due| *due <= until) {
            self.tick(due + late_micros);
        }
        self.now = until;
    }

    fn tick(&mut self, micros: u64) {
        if self.liveness.on_timeout(at(micros), &self.rtt) != Tick::Nothing {
            self.liveness.on_asked(at(micros));
            self.asked.push(micros);
        }
        self.note(micros);
    }
}

#[test]
fn silence_is_suspected_three_intervals_after_the_first_question_or_a_slow_round_trip_after_it() {
    for (rtt_micros, patience_micros) in [(200, 3 * INTERVAL), (60_000, 60_000 + 1_000 + 5_000)] {
        let mut hop = Hop::new(rtt_micros);
        hop.send(0);
        hop.prove(1_000);
        hop.send(2_000);
        hop.run_unanswered(500_000, 0);
        let suspected = HopChange::Suspected { silent_micros: patience_micros };
        assert_eq!(hop.told, [(2_000 + patience_micros, suspected)], "round trip {rtt_micros}");
    }
}

#[test]
fn what_is_heard_answers_no_question_and_ends_no_suspicion() {
    let mut hop = Hop::new(200);
    hop.send(0);
    hop.prove(1_000);
    hop.send(2_000);
    for micros in (3_000..200_000).step_by(1_000) {
        hop.liveness.on_heard(at(micros));
        hop.run_unanswered(micros, 0);
    }
    let suspected = HopChange::Suspected { silent_micros: 3 * INTERVAL };
    assert_eq!(hop.told, [(2_000 + 3 * INTERVAL, suspected)]);
    hop.prove(200_000);
    assert_eq!(hop.told.last(), Some(&(200_000, HopChange::Recovered)));
}

#[test]
fn a_hop_that_is_not_used_is_not_asked() {
    let mut hop = Hop::new(200);
    assert_eq!(hop.liveness.deadline(), None);
    hop.liveness.on_asked(at(0));
    assert_eq!(hop.liveness.deadline(), None, "a keep-alive is no use");
    hop.send(0);
    let mut asked_until = 0;
    while let Some(due) = hop.liveness.deadline() {
        hop.tick(due.as_micros());
        hop.prove(due.as_micros() + 200);
        asked_until = due.as_micros();
    }
    assert!(
        (LIVENESS_IN_USE_MICROS..LIVENESS_IN_USE_MICROS + 2 * INTERVAL).contains(&asked_until),
        "{asked_until}"
    );
    assert!(hop.asked.len() <= 100, "{} questions in the second after its last use", hop.asked.len());
}

#[test]
fn what_comes_anyway_is_proof_enough() {
    let mut hop = Hop::new(200);
    for micros in (0..2_000_000).step_by(4_000) {
        hop.send(micros);
        hop.prove(micros + 3_000);
        hop.run_unanswered(micros + 4_000, 0);
    }
    assert_eq!((hop.asked.len(), hop.told.len()), (0, 0));
}

#[test]
fn an_end_that_only_hears_asks_until_it_knows_the_round_trip() {
    let mut hop = Hop::new(200);
    hop.rtt = RttEstimator::new();
    for micros in (0..100_000).step_by(4_000) {
        hop.liveness.on_use(at(micros));
        hop.prove(micros);
        hop.run_unanswered(micros + 4_000, 0);
        if micros >= 50_000 {
            hop.rtt = rtt(200);
        }
    }
    assert_eq!((hop.asked.first(), hop.asked.len()), (Some(&10_000), 5), "{:?}", hop.asked);
    assert_eq!(hop.told, []);
}

#[test]
fn one_lost_packet_or_two_in_a_row_are_no_silence() {
    let mut hop = Hop::new(200);
    hop.send(0);
    hop.run_unanswered(29_999, 0);
    assert_eq!(hop.asked, [10_000, 20_000]);
    hop.prove(29_999);
    hop.run_unanswered(40_000, 0);
    assert_eq!(hop.told, []);
}

#[test]
fn suspicion_and_recovery_are_told_once_each() {
    let mut hop = Hop::new(200);
    hop.send(0);
    hop.run_unanswered(20_000_000, 0);
    hop.prove(20_000_000);
    hop.prove(20_000_001);
    assert_eq!(
        hop.told,
        [(30_000, HopChange::Suspected { silent_micros: 30_000 }), (20_000_000, HopChange::Recovered)]
    );
}

#[test]
fn a_suspected_hop_is_asked_ever_more_rarely_and_at_least_once_a_second() {
    let mut hop = Hop::new(200);
    hop.send(0);
    hop.run_unanswered(20_000_000, 0);
    let gaps: Vec<u64> = hop.asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps[..8], [10_000, 20_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000]);
    assert!(gaps[8..].iter().all(|gap| *gap == LIVENESS_BACK_OFF_MAX_MICROS), "{gaps:?}");
}

#[test]
fn a_timer_that_comes_late_counts_once_and_is_not_made_up_for() {
    for late_micros in [40_000, 4_900_000] {
        let mut hop = Hop::new(200);
        hop.send(0);
        hop.tick(10_000);
        // Nothing was read meanwhile: that this end did not look says nothing of the other.
        hop.tick(20_000 + late_micros);
        assert_eq!(hop.told, []);
        assert_eq!(hop.asked, [10_000, 20_000 + late_micros]);
        hop.run_unanswered(hop.asked[1] + INTERVAL, 0);
        assert_eq!(hop.told.len(), 1, "a peer that is silent while this end looks is suspected all the same");
    }
}

#[test]
fn a_process_that_did_not_run_knows_nothing_of_before() {
    let mut hop = Hop::new(200);
    hop.send(0);
    hop.tick(10_000);
    hop.tick(20_000);
    hop.liveness.resume(at(3_600_000_000));
    hop.run_unanswered(3_600_025_000, 0);
    assert_eq!(hop.told, []);
}

#[test]
fn an_end_that_looks_too_rarely_finds_a_silent_peer_all_the_same() {
    let mut hop = Hop::new(200);
    hop.send(0);
    hop.run_unanswered(1_000_000, 30_000);
    let (told_at, _) = hop.told[0];
    assert!((100_000..=170_000).contains(&told_at), "{told_at}");
}

#[test]
fn a_peer_that_was_slow_once_is_given_more_time_for_a_while() {
    let mut hop = Hop::new(200);
    let mut slow = |from: u64, told: usize| {
        hop.send(from);
        hop.run_unanswered(from + 40_000, 0);
        hop.prove(from + 40_000);
        // The rest of the second passes.
        hop.liveness.state = State::Asleep;
        assert_eq!(hop.told.len(), told, "at {from}");
    };
    slow(0, 2);
    (1..60).for_each(|second| slow(second * 1_000_000, 2));
    slow(59_000_000 + 2 * LIVENESS_SLOW_MEMORY_MICROS, 4);
}

#[test]
fn after_an_outage_silence_is_found_as_soon_as_before() {
    let mut hop = Hop::new(200);
    hop.send(0);
    hop.run_unanswered(3_000_000, 0);
    hop.prove(3_000_000);
    hop.send(3_000_000);
    hop.run_unanswered(4_000_000, 0);
    assert_eq!(hop.told[2], (3_030_000, HopChange::Suspected { silent_micros: 30_000 }));
}

#[test]
fn another_path_is_trusted_until_it_is_silent_too() {
    let mut hop = Hop::new(200);
    hop.send(0);
    hop.run_unanswered(31_000, 0);
    hop.liveness.forgive(at(31_000));
    hop.liveness.on_other_path(at(31_000));
    hop.note(31_000);
    assert_eq!(hop.told.len(), 1, "who left the path knows what was suspected");
    hop.send(31_000);
    hop.run_unanswered(100_000, 0);
    assert_eq!(hop.told[1], (61_000, HopChange::Suspected { silent_micros: 30_000 }));
    hop.liveness.on_other_path(at(100_000));
    hop.note(100_000);
    assert_eq!(hop.told[2], (100_000, HopChange::Recovered), "the peer was heard elsewhere");
}

#[test]
fn what_is_not_of_an_application_is_watched_until_it_is_answered_and_asks_nothing_more() {
    let mut hop = Hop::new(1_000);
    hop.liveness.on_own_use(at(0));
    hop.liveness.on_asked(at(0));
    hop.prove(1_000);
    hop.run_unanswered(1_000_000, 0);
    assert_eq!((hop.asked.len(), hop.told.len()), (0, 0));
    assert_eq!(hop.liveness.deadline(), None);
    hop.liveness.on_own_use(at(2_000_000));
    hop.liveness.on_asked(at(2_000_000));
    hop.run_unanswered(2_100_000, 0);
    assert!(matches!(hop.told.as_slice(), [(_, HopChange::Suspected { .. })]), "{:?}", hop.told);
}
