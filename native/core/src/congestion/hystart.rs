//! When slow start has found the bottleneck before losing a packet: HyStart++ (RFC 9406).

use crate::constants::{
    HYSTART_CONSERVATIVE_ROUNDS, HYSTART_MAX_RTT_THRESHOLD_MICROS, HYSTART_MIN_RTT_THRESHOLD_MICROS,
    HYSTART_RTT_DIVISOR, HYSTART_SAMPLES,
};

/// Watches the round trips of the first slow start, round by round.
///
/// The RFC looks at the least of a whole round, for senders that send a window at once: a queue then shows from a round's first acknowledgement on. Paced, a
/// round begins with packets that found no queue, and the least of it would say so for a round trip too long: until the window was twice the path. Here
/// the last samples in a row decide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HyStart {
    phase: Phase,
    round_before_min_micros: Option<u64>,
    round_min_micros: Option<u64>,
    round_samples: u32,
    /// The last samples of the round, the newest in the place of the oldest.
    last_micros: [u64; HYSTART_SAMPLES as usize],
}

/// How slow start goes on.
///
/// ```text
///               the round trip grew                  five rounds passed
///   Standard ----------------------> Conservative ----------------------> Done
///      ^                                  |
///      +----------------------------------+
///           it fell back: that was jitter
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// The window doubles.
    Standard,
    /// The round trip grew: a quarter of the growth, until that is confirmed.
    Conservative {
        /// Rounds until confirmation, the present one included.
        rounds_left: u32,
        /// What looked like a queue: the least of the last samples.
        baseline_micros: u64,
    },
    /// Slow start is over.
    Done,
}

impl HyStart {
    pub(crate) const fn new() -> Self {
        Self {
            phase: Phase::Standard,
            round_before_min_micros: None,
            round_min_micros: None,
            round_samples: 0,
            last_micros: [0; HYSTART_SAMPLES as usize],
        }
    }

    /// Takes an acknowledgement during slow start and says how to go on with it.
    pub(crate) fn on_ack(&mut self, round_started: bool, rtt_micros: Option<u64>) -> Phase {
        if round_started {
            self.start_round();
        }
        if let Some(rtt) = rtt_micros {
            self.round_min_micros = Some(self.round_min_micros.map_or(rtt, |min| min.min(rtt)));
            self.last_micros[(self.round_samples % HYSTART_SAMPLES) as usize] = rtt;
            self.round_samples += 1;
            self.phase = self.judged(rtt);
        }
        self.phase
    }

    /// Slow start ended otherwise: by loss.
    pub(crate) fn finish(&mut self) {
        self.phase = Phase::Done;
    }

    fn start_round(&mut self) {
        self.round_before_min_micros = self.round_min_micros.take().or(self.round_before_min_micros);
        self.round_samples = 0;
        if let Phase::Conservative { rounds_left, baseline_micros } = self.phase {
            self.phase = match rounds_left - 1 {
                0 => Phase::Done,
                rounds_left => Phase::Conservative { rounds_left, baseline_micros },
            };
        }
    }

    fn judged(&self, rtt: u64) -> Phase {
        let Some(before) = self.round_before_min_micros else { return self.phase };
        let recent = self.last_micros.into_iter().min().unwrap_or(rtt);
        match self.phase {
            Phase::Standard
                if self.round_samples >= HYSTART_SAMPLES && recent >= before + threshold_micros(before) =>
            {
                Phase::Conservative { rounds_left: HYSTART_CONSERVATIVE_ROUNDS, baseline_micros: recent }
            }
            // The first that is low enough is proof: a queue does not vanish in between.
            Phase::Conservative { baseline_micros, .. } if rtt < baseline_micros => Phase::Standard,
            phase => phase,
        }
    }
}

fn threshold_micros(round_before_min_micros: u64) -> u64 {
    (round_before_min_micros / HYSTART_RTT_DIVISOR)
        .clamp(HYSTART_MIN_RTT_THRESHOLD_MICROS, HYSTART_MAX_RTT_THRESHOLD_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A round whose acknowledgements all gave these samples.
    fn round(hystart: &mut HyStart, samples: &[u64]) -> Phase {
        let mut phase = hystart.phase;
        for (index, &rtt) in samples.iter().enumerate() {
            phase = hystart.on_ack(index == 0, Some(rtt));
        }
        phase
    }

    fn in_conservative(phase: Phase) -> bool {
        matches!(phase, Phase::Conservative { .. })
    }

    #[test]
    fn a_round_trip_that_grew_by_an_eighth_begins_conservative_slow_start() {
        let mut hystart = HyStart::new();
        assert_eq!(round(&mut hystart, &[100_000; 8]), Phase::Standard);
        assert_eq!(round(&mut hystart.clone(), &[112_499; 8]), Phase::Standard);
        assert!(in_conservative(round(&mut hystart, &[112_500; 8])));
    }

    #[test]
    fn growth_counts_from_4_ms_and_16_ms_is_always_enough() {
        for (rtt, threshold) in
            [(100, 4_000), (31_999, 4_000), (40_000, 5_000), (128_000, 16_000), (600_000, 16_000)]
        {
            let mut hystart = HyStart::new();
            round(&mut hystart, &[rtt; 8]);
            assert!(!in_conservative(round(&mut hystart.clone(), &[rtt + threshold - 1; 8])), "{rtt}");
            assert!(in_conservative(round(&mut hystart, &[rtt + threshold; 8])), "{rtt}");
        }
    }

    #[test]
    fn the_smallest_of_three_samples_in_a_row_decides_wherever_in_the_round_they_are() {
        let mut hystart = HyStart::new();
        round(&mut hystart, &[100, 90_000, 90_000, 90_000]);
        assert_eq!(round(&mut hystart.clone(), &[90_000, 90_000, 150, 90_000, 90_000]), Phase::Standard);
        assert!(in_conservative(round(&mut hystart.clone(), &[100, 150, 90_000, 90_000, 90_000])));
        assert_eq!(
            round(&mut hystart, &[100, 150, 90_000, 90_000, 90_000, 89_999]),
            Phase::Standard,
            "it fell"
        );
    }

    #[test]
    fn too_few_samples_say_nothing() {
        let mut hystart = HyStart::new();
        round(&mut hystart, &[1_000; 8]);
        assert_eq!(round(&mut hystart, &[90_000; 2]), Phase::Standard);
    }

    #[test]
    fn a_round_without_samples_does_not_hide_the_one_before() {
        let mut hystart = HyStart::new();
        round(&mut hystart, &[1_000; 8]);
        hystart.on_ack(true, None);
        assert!(in_conservative(round(&mut hystart, &[90_000; 8])));
    }

    #[test]
    fn slow_start_ends_after_five_conservative_rounds() {
        let mut hystart = HyStart::new();
        round(&mut hystart, &[10_000; 8]);
        assert!(in_conservative(round(&mut hystart, &[20_000; 8])), "the first, in part");
        for _ in 0..4 {
            assert!(in_conservative(round(&mut hystart, &[20_000; 8])));
        }
        assert_eq!(round(&mut hystart, &[20_000; 8]), Phase::Done);
    }

    #[test]
    fn a_pause_of_the_peers_process_does_not_end_slow_start() {
        let mut hystart = HyStart::new();
        round(&mut hystart, &[120; 8]);
        assert!(in_conservative(round(&mut hystart, &[25_000; 8])), "all of a round came late");
        assert_eq!(round(&mut hystart, &[140]), Phase::Standard);
        assert_eq!(round(&mut hystart, &[130; 8]), Phase::Standard);
    }
}
