//! CUBIC (RFC 9438), with HyStart++ in the first slow start.

use super::cubic_curve::CubicCurve;
use super::hystart::{HyStart, Phase};
use super::{initial_window, minimum_window, AckSample, CongestionControl, CongestionEvent};
use crate::constants::{
    CUBIC_BETA, HYSTART_CONSERVATIVE_DIVISOR, MAXIMUM_WINDOW_BYTES, PACING_PERCENT, PACING_SLOW_START_PERCENT,
};
use crate::time::Instant;

/// Congestion window of one path.
///
/// The window is a float so that acknowledgements smaller than the growth they earn add up.
#[derive(Clone, Debug)]
pub(crate) struct Cubic {
    state: State,
    mtu_bytes: u64,
    recovery: Option<Recovery>,
    /// What the last loss took away, and the recovery period before it, until they are given back.
    before_loss: Option<(State, Option<Recovery>)>,
}

/// What has no say in the window after a loss.
#[derive(Clone, Copy, Debug)]
struct Recovery {
    /// When the loss was found that began it.
    began: Instant,
    /// When the last loss was found among what had been sent until then. All that was sent before is part of the period: its own losses are found
    /// while that one is still being repaired, and cut no more than TCP's would (RFC 6675 §5: recovery lasts until the flight is repaired).
    covers_until: Instant,
}

/// All that a loss changes, and that a spurious one gives back.
#[derive(Clone, Copy, Debug)]
struct State {
    window: f64,
    slow_start_threshold: f64,
    hystart: HyStart,
    curve: CubicCurve,
}

impl Cubic {
    pub(crate) fn new(mtu_bytes: u64) -> Self {
        let state = State {
            window: initial_window(mtu_bytes) as f64,
            slow_start_threshold: f64::INFINITY,
            hystart: HyStart::new(),
            curve: CubicCurve::new(),
        };
        Self { state, mtu_bytes, recovery: None, before_loss: None }
    }

    fn in_slow_start(&self) -> bool {
        self.state.window < self.state.slow_start_threshold
    }

    fn grow_in_slow_start(&mut self, ack: &AckSample) {
        let growth = match self.state.hystart.on_ack(ack.round_started, ack.rtt_micros) {
            Phase::Standard => ack.bytes,
            Phase::Conservative { .. } => ack.bytes / HYSTART_CONSERVATIVE_DIVISOR,
            // Later slow starts have a threshold that a loss has measured, and need no other end.
            Phase::Done if self.state.slow_start_threshold.is_finite() => ack.bytes,
            Phase::Done => {
                self.state.slow_start_threshold = self.state.window;
                return;
            }
        };
        // A window twice what was ever in flight is room enough: an application that sends little proves nothing of the path.
        let proven = (ack.peak_in_flight_bytes * 2) as f64;
        let grown = (self.state.window + growth as f64).min(proven).min(self.state.slow_start_threshold);
        self.state.window = self.state.window.max(grown);
    }
}

impl CongestionControl for Cubic {
    fn on_ack(&mut self, ack: &AckSample) {
        if self.in_slow_start() {
            self.grow_in_slow_start(ack);
        } else {
            self.state.window = self.state.curve.grown(self.state.window, self.mtu_bytes as f64, ack);
        }
        self.state.window = self.state.window.min(MAXIMUM_WINDOW_BYTES as f64);
    }

    fn on_congestion_event(&mut self, event: &CongestionEvent) -> bool {
        let is_new = self.recovery.is_none_or(|recovery| event.sent_at > recovery.covers_until);
        let minimum = minimum_window(self.mtu_bytes) as f64;
        if is_new {
            self.before_loss = Some((self.state, self.recovery));
            self.recovery = Some(Recovery { began: event.now, covers_until: event.now });
            self.state.hystart.finish();
            self.state.curve.on_cut(self.state.window);
            self.state.slow_start_threshold = (self.state.window * CUBIC_BETA).max(minimum);
            self.state.window = self.state.slow_start_threshold;
        } else if let Some(recovery) = self.recovery.as_mut().filter(|_| !event.marked) {
            if event.sent_at <= recovery.began {
                recovery.covers_until = event.now;
            }
        }
        if event.persistent {
            self.state.window = minimum;
        }
        is_new
    }

    fn on_spurious_loss(&mut self) {
        let Some((before, recovery)) = self.before_loss.take() else {
            return;
        };
        // What is lost of the same flight after all is a loss like any other.
        self.recovery = recovery;
        let window = self.state.window.max(before.window);
        self.state = State { window, ..before };
    }

    fn on_mtu(&mut self, mtu_bytes: u64) {
        self.mtu_bytes = mtu_bytes;
        self.state.window = self.state.window.max(minimum_window(mtu_bytes) as f64);
        self.state.curve.restart();
    }

    fn window_bytes(&self) -> u64 {
        self.state.window as u64
    }

    fn recovery_start(&self) -> Option<Instant> {
        self.recovery.map(|recovery| recovery.covers_until)
    }

    fn pacing_rate_bytes_per_second(&self, smoothed_rtt_micros: u64) -> u64 {
        let percent = if self.in_slow_start() { PACING_SLOW_START_PERCENT } else { PACING_PERCENT };
        self.window_bytes() * percent * (MICROS_PER_SECOND / 100) / smoothed_rtt_micros.max(1)
    }
}

const MICROS_PER_SECOND: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const MTU: u64 = 1_200;

    fn ack(at: u64, bytes: u64) -> AckSample {
        AckSample {
            now: Instant::from_micros(at),
            bytes,
            rtt_micros: Some(10_000),
            smoothed_rtt_micros: 10_000,
            round_started: true,
            window_limited: true,
            peak_in_flight_bytes: u64::MAX / 2,
            ..AckSample::default()
        }
    }

    fn loss(at: u64, sent_at: u64) -> CongestionEvent {
        CongestionEvent {
            now: Instant::from_micros(at),
            sent_at: Instant::from_micros(sent_at),
            ..CongestionEvent::default()
        }
    }

    #[test]
    fn the_first_window_is_as_many_bytes_as_tcps_or_two_packets() {
        for (mtu, window) in [(1_200, 14_720), (1_440, 14_720), (1_500, 14_720), (9_000, 18_000)] {
            assert_eq!(Cubic::new(mtu).window_bytes(), window);
        }
    }

    #[test]
    fn slow_start_doubles_the_window_each_round_trip() {
        let mut cubic = Cubic::new(MTU);
        for round in 0..10 {
            assert_eq!(cubic.window_bytes(), 14_720 << round);
            cubic.on_ack(&ack(round * 10_000, cubic.window_bytes()));
        }
        assert!(cubic.in_slow_start());
    }

    #[test]
    fn slow_start_without_loss_ends_where_the_round_trip_grew() {
        let mut cubic = Cubic::new(MTU);
        let mut rtt = 20_000;
        for round in 0..20 {
            let bytes = cubic.window_bytes() / 8;
            for sample in 0..8 {
                cubic.on_ack(&AckSample {
                    round_started: sample == 0,
                    rtt_micros: Some(rtt),
                    ..ack(round * 20_000, bytes)
                });
            }
            rtt += if round >= 5 { 5_000 } else { 0 };
        }
        assert!(!cubic.in_slow_start());
        let window = cubic.window_bytes();
        // Six doublings, then five rounds of a quarter, then the flat beginning of a curve.
        assert!((12_000 << 6..12_000 << 9).contains(&window), "{window}");
    }

    #[test]
    fn an_application_that_sends_little_neither_grows_nor_shrinks_its_window() {
        let mut cubic = Cubic::new(MTU);
        let little = AckSample { window_limited: false, peak_in_flight_bytes: 3_000, ..ack(0, 3_000) };
        (0..1_000).for_each(|_| cubic.on_ack(&little));
        assert_eq!(cubic.window_bytes(), 14_720);

        cubic.on_ack(&ack(1, 12_000));
        cubic.on_congestion_event(&loss(2, 1));
        let window = cubic.window_bytes();
        (3..1_000)
            .for_each(|at| cubic.on_ack(&AckSample { now: Instant::from_micros(at * 1_000_000), ..little }));
        assert_eq!(cubic.window_bytes(), window);
    }

    #[test]
    fn a_loss_leaves_seven_tenths_once_for_all_that_was_in_flight() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_ack(&ack(0, 85_280));
        assert_eq!(cubic.window_bytes(), 100_000);
        assert!(cubic.on_congestion_event(&loss(1_000, 500)));
        assert_eq!(cubic.window_bytes(), 70_000);
        assert!(!cubic.on_congestion_event(&loss(2_000, 1_000)), "sent before the cut");
        assert_eq!(cubic.window_bytes(), 70_000);
        assert!(cubic.on_congestion_event(&loss(3_000, 2_001)));
        assert_eq!(cubic.window_bytes(), 49_000);
        assert!(!cubic.in_slow_start());
    }

    #[test]
    fn the_window_never_falls_below_two_packets() {
        let mut cubic = Cubic::new(MTU);
        (1..100).for_each(|at| assert!(cubic.on_congestion_event(&loss(at, at))));
        assert_eq!(cubic.window_bytes(), 2 * MTU);
    }

    #[test]
    fn persistent_congestion_leaves_two_packets_and_a_threshold_to_double_up_to() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_ack(&ack(0, 85_280));
        cubic.on_congestion_event(&CongestionEvent { persistent: true, ..loss(1_000, 500) });
        assert_eq!(cubic.window_bytes(), 2 * MTU);
        cubic.on_ack(&ack(2_000, 2 * MTU));
        assert_eq!(cubic.window_bytes(), 4 * MTU);
        cubic.on_ack(&ack(3_000, 1_000_000));
        assert_eq!(cubic.window_bytes(), 70_000);
    }

    #[test]
    fn persistent_congestion_that_is_found_within_a_recovery_period_leaves_two_packets() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_ack(&ack(0, 85_280));
        assert!(cubic.on_congestion_event(&loss(1_000, 500)));
        assert!(!cubic.on_congestion_event(&CongestionEvent { persistent: true, ..loss(2_000, 900) }));
        assert_eq!(cubic.window_bytes(), 2 * MTU);
    }

    #[test]
    fn a_threshold_that_a_loss_has_measured_is_the_only_end_of_later_slow_starts() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_ack(&ack(0, 85_280));
        cubic.on_congestion_event(&CongestionEvent { persistent: true, ..loss(1_000, 500) });
        for round in 1..=5 {
            let bytes = cubic.window_bytes() / 8;
            for sample in 0..8 {
                let rtt_micros = Some(round * 20_000);
                cubic.on_ack(&AckSample { round_started: sample == 0, rtt_micros, ..ack(2_000, bytes) });
            }
        }
        let window = cubic.window_bytes();
        assert!((70_000..70_100).contains(&window), "{window}");
    }

    #[test]
    fn a_spurious_loss_gives_back_window_and_slow_start() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_ack(&ack(0, 85_280));
        cubic.on_congestion_event(&loss(1_000, 500));
        cubic.on_spurious_loss();
        assert_eq!(cubic.window_bytes(), 100_000);
        assert!(cubic.in_slow_start());
        cubic.on_spurious_loss();
        assert_eq!(cubic.window_bytes(), 100_000, "given back once");
    }

    #[test]
    fn a_loss_of_the_flight_whose_cut_was_taken_back_cuts() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_ack(&ack(0, 85_280));
        cubic.on_congestion_event(&loss(400, 300));
        cubic.on_congestion_event(&loss(1_000, 500));
        cubic.on_spurious_loss();
        assert_eq!(cubic.recovery_start(), Some(Instant::from_micros(400)), "the period before");
        assert!(!cubic.on_congestion_event(&loss(450, 400)), "which goes on");
        assert!(cubic.on_congestion_event(&loss(1_100, 600)));
        assert_eq!(cubic.window_bytes(), 49_000);
    }

    #[test]
    fn losses_found_while_a_flight_is_repaired_cut_no_further() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_ack(&ack(0, 85_280));
        assert!(cubic.on_congestion_event(&loss(1_000, 500)));
        // One more of the same flight is found, and goes again, 600 us later: until then what was sent in between is not told from it.
        assert!(!cubic.on_congestion_event(&loss(1_600, 900)));
        assert_eq!(cubic.recovery_start(), Some(Instant::from_micros(1_600)));
        assert!(!cubic.on_congestion_event(&loss(2_100, 1_600)));
        assert_eq!(cubic.recovery_start(), Some(Instant::from_micros(1_600)), "it was not of that flight");
        assert_eq!(cubic.window_bytes(), 70_000);
        assert!(cubic.on_congestion_event(&loss(2_700, 1_601)));
        assert_eq!(cubic.window_bytes(), 49_000);
    }

    #[test]
    fn a_mark_does_not_prolong_a_recovery_period() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_congestion_event(&loss(1_000, 500));
        cubic.on_congestion_event(&CongestionEvent { marked: true, ..loss(1_600, 900) });
        assert_eq!(cubic.recovery_start(), Some(Instant::from_micros(1_000)));
    }

    #[test]
    fn pacing_spreads_a_window_over_less_than_a_round_trip() {
        let mut cubic = Cubic::new(MTU);
        assert_eq!(cubic.pacing_rate_bytes_per_second(10_000), 14_720 * 100 * 2);
        cubic.on_congestion_event(&loss(1, 1));
        assert_eq!(cubic.pacing_rate_bytes_per_second(10_000), 10_304 * 125);
    }

    #[test]
    fn a_larger_datagram_lifts_the_least_window_only() {
        let mut cubic = Cubic::new(MTU);
        cubic.on_mtu(9_000);
        assert_eq!(cubic.window_bytes(), 18_000);
        cubic.on_mtu(1_200);
        assert_eq!(cubic.window_bytes(), 18_000);
    }
}
