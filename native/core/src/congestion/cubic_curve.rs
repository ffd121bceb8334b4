//! CUBIC's congestion avoidance (RFC 9438 §4.2 to §4.5, §4.7): how the window comes back to where it was cut, and beyond.

use super::AckSample;
use crate::constants::{CUBIC_BETA, CUBIC_C};
use crate::time::Instant;

/// The curve since the last cut. Windows in bytes, times in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CubicCurve {
    /// Where the plateau is: the window at the last cut, or less (fast convergence).
    window_max: f64,
    /// Window before the last cut.
    window_prior: f64,
    /// What Reno would have by now.
    window_reno: f64,
    epoch: Option<Epoch>,
}

/// A stretch of growth.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    /// Moves forward through what does not count: time in which the application, not the window, limited.
    start: Instant,
    last_ack: Instant,
    /// Seconds from `start` to the plateau (`K`).
    to_plateau: f64,
}

impl CubicCurve {
    pub(crate) const fn new() -> Self {
        Self { window_max: 0.0, window_prior: 0.0, window_reno: 0.0, epoch: None }
    }

    /// The window was cut at `window` bytes.
    pub(crate) fn on_cut(&mut self, window: f64) {
        // Fast convergence (§4.7): who is cut below the last plateau makes room for the newcomer.
        self.window_max = if window < self.window_max { window * (1.0 + CUBIC_BETA) / 2.0 } else { window };
        self.window_prior = window;
        self.epoch = None;
    }

    /// Begins again at the present window: the unit has changed.
    pub(crate) fn restart(&mut self) {
        self.epoch = None;
    }

    /// The window after `ack`.
    pub(crate) fn grown(&mut self, window: f64, mtu: f64, ack: &AckSample) -> f64 {
        let mut epoch = self.epoch.unwrap_or_else(|| self.begin(window, mtu, ack.now));
        let since_last_ack = ack.now.saturating_micros_since(epoch.last_ack);
        epoch.last_ack = ack.now;
        if !ack.window_limited {
            epoch.start = epoch.start.plus_micros(since_last_ack);
            self.epoch = Some(epoch);
            return window;
        }
        self.epoch = Some(epoch);

        let elapsed_micros = ack.now.saturating_micros_since(epoch.start);
        let acked_windows = (ack.bytes as f64 / window).min(1.0);
        self.window_reno += self.reno_growth(mtu) * acked_windows;
        let cubic_now = self.cubic_at(elapsed_micros, epoch.to_plateau, mtu);
        if cubic_now < self.window_reno {
            return window.max(self.window_reno);
        }
        let cubic_next = self.cubic_at(elapsed_micros + ack.smoothed_rtt_micros, epoch.to_plateau, mtu);
        // Not `clamp`: its panic would write doubles, which takes 20 KB of code.
        let target = cubic_next.max(window).min(window * MAX_GROWTH_PER_ROUND_TRIP);
        window + (target - window) * acked_windows
    }

    fn begin(&mut self, window: f64, mtu: f64, now: Instant) -> Epoch {
        self.window_reno = window;
        self.window_max = self.window_max.max(window);
        let to_plateau = ((self.window_max - window) / mtu / CUBIC_C).cbrt();
        Epoch { start: now, last_ack: now, to_plateau }
    }

    /// `W_cubic(t)`, §4.2.
    fn cubic_at(&self, elapsed_micros: u64, to_plateau: f64, mtu: f64) -> f64 {
        let from_plateau = elapsed_micros as f64 / 1e6 - to_plateau;
        self.window_max + CUBIC_C * mtu * from_plateau.powi(3)
    }

    /// What Reno gains in a window's worth of acknowledgements, §4.3: less while below the window it had, since it was cut less.
    fn reno_growth(&self, mtu: f64) -> f64 {
        let alpha = if self.window_reno < self.window_prior {
            3.0 * (1.0 - CUBIC_BETA) / (1.0 + CUBIC_BETA)
        } else {
            1.0
        };
        alpha * mtu
    }
}

/// §4.2: the target is no more than one and a half windows.
const MAX_GROWTH_PER_ROUND_TRIP: f64 = 1.5;

#[cfg(test)]
mod tests {
    use super::*;

    const MTU: f64 = 1_000.0;

    fn ack(at_micros: u64, bytes: f64) -> AckSample {
        AckSample {
            now: Instant::from_micros(at_micros),
            bytes: bytes as u64,
            rtt_micros: None,
            smoothed_rtt_micros: 0,
            round_started: false,
            window_limited: true,
            peak_in_flight_bytes: 0,
            ..AckSample::default()
        }
    }

    /// A flow cut at `window_max`, with `rtt_micros`, for `micros`: the window at the end.
    fn window_after(curve: &mut CubicCurve, mut window: f64, rtt_micros: u64, micros: u64) -> f64 {
        for now in (0..=micros).step_by(rtt_micros as usize) {
            window = curve.grown(window, MTU, &ack(now, window));
        }
        window
    }

    #[test]
    fn the_plateau_is_reached_after_k_seconds_and_left_slowly() {
        let mut curve = CubicCurve::new();
        curve.on_cut(1_000.0 * MTU);
        // K = cbrt(1000 x 0.3 / 0.4) = 9.086 s
        let window = window_after(&mut curve, 700.0 * MTU, 200_000, 9_086_000);
        assert!((window / MTU - 1_000.0).abs() < 1.0, "{window}");
        let later = window_after(&mut curve.clone(), window, 200_000, 9_086_000 + 2_000_000);
        assert!((later / MTU - 1_003.2).abs() < 1.0, "0.4 x 2^3 segments more: {later}");
    }

    #[test]
    fn growth_is_concave_before_the_plateau() {
        let mut curve = CubicCurve::new();
        curve.on_cut(1_000.0 * MTU);
        let third = window_after(&mut curve, 700.0 * MTU, 200_000, 3_000_000);
        assert!(third > 800.0 * MTU, "{third}");
    }

    #[test]
    fn on_a_short_round_trip_the_window_grows_like_renos() {
        let mut curve = CubicCurve::new();
        curve.on_cut(100.0 * MTU);
        // 50 round trips of 1 ms at 9/17 segment each; the cubic alone would stand still.
        let window = window_after(&mut curve, 70.0 * MTU, 1_000, 50_000);
        assert!((window / MTU - (70.0 + 51.0 * 9.0 / 17.0)).abs() < 0.1, "{window}");
        // Where it was before the cut, Reno gains a whole segment a round trip.
        let mut curve = CubicCurve { window_reno: 100.0 * MTU, ..curve };
        let before = curve.window_reno;
        window_after(&mut curve, 100.0 * MTU, 1_000, 10_000);
        assert!(((curve.window_reno - before) / MTU - 11.0).abs() < 0.1, "{}", curve.window_reno);
    }

    #[test]
    fn a_cut_below_the_last_plateau_makes_room_for_others() {
        let mut curve = CubicCurve::new();
        curve.on_cut(1_000.0);
        curve.on_cut(900.0);
        assert_eq!(curve.window_max, 900.0 * 0.85);
        curve.on_cut(2_000.0);
        assert_eq!(curve.window_max, 2_000.0);
    }

    #[test]
    fn no_round_trip_grows_the_window_by_more_than_half() {
        let mut curve = CubicCurve::new();
        let window = window_after(&mut curve, 10.0 * MTU, 1_000, 0);
        let grown = curve.grown(window, MTU, &ack(3_600_000_000, window));
        assert!(grown <= 1.5 * window, "{grown}");
    }

    #[test]
    fn time_in_which_the_application_limits_does_not_count() {
        let mut used = CubicCurve::new();
        used.on_cut(1_000.0 * MTU);
        let mut idled = used;
        let window = window_after(&mut used, 700.0 * MTU, 100_000, 2_000_000);
        let same = window_after(&mut idled, 700.0 * MTU, 100_000, 2_000_000);
        for now in (2_100_000..30_000_000).step_by(100_000) {
            let idle = AckSample { window_limited: false, ..ack(now, 10.0 * MTU) };
            assert_eq!(idled.grown(same, MTU, &idle), same);
        }
        let next = used.grown(window, MTU, &ack(2_100_000, window));
        let after_idling = idled.grown(same, MTU, &ack(30_000_000, window));
        assert!((next - after_idling).abs() < 0.1 * MTU, "{next} {after_idling}");
    }
}
