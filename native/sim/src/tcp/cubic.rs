//! Linux's CUBIC (net/ipv4/tcp_cubic.c): segments, beta 717/1024, HyStart by trains of acknowledgements and by delay.

const BETA: f64 = 717.0 / 1_024.0;
const C: f64 = 0.4;
/// Windows below it never leave slow start for delay.
const HYSTART_LOW_WINDOW: f64 = 16.0;
const HYSTART_SAMPLES: u32 = 8;
/// Acknowledgements of one train follow each other so closely.
const HYSTART_TRAIN_GAP_MICROS: u64 = 2_000;
const HYSTART_DELAY_MICROS: (u64, u64) = (4_000, 16_000);
/// Without a loss so far, congestion avoidance gains a segment in so many acknowledged ones at least.
const FIRST_GROWTH_SEGMENTS: f64 = 20.0;

/// One acknowledgement.
#[derive(Clone, Copy)]
pub(super) struct Acked {
    pub(super) now: u64,
    pub(super) segments: u64,
    pub(super) rtt_micros: Option<u64>,
    /// First number not acknowledged, and the next one to be sent.
    pub(super) unacknowledged: u64,
    pub(super) next: u64,
}

pub(super) struct Cubic {
    pub(super) window: f64,
    threshold: f64,
    last_max: f64,
    epoch: Option<Epoch>,
    least_rtt_micros: u64,
    hystart: HyStart,
}

struct Epoch {
    start: u64,
    origin: f64,
    to_plateau: f64,
    reno: f64,
}

#[derive(Default)]
struct HyStart {
    round_end: u64,
    round_start: u64,
    last_ack: u64,
    samples: u32,
    least_rtt_micros: Option<u64>,
}

impl Cubic {
    pub(super) fn new() -> Self {
        Self {
            window: 10.0,
            threshold: f64::INFINITY,
            last_max: 0.0,
            epoch: None,
            least_rtt_micros: u64::MAX,
            hystart: HyStart::default(),
        }
    }

    pub(super) fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Samples count also where the window does not grow.
    pub(super) fn on_sample(&mut self, acked: &Acked) {
        let Some(rtt) = acked.rtt_micros else { return };
        self.least_rtt_micros = self.least_rtt_micros.min(rtt);
        if self.window < self.threshold && self.window >= HYSTART_LOW_WINDOW && self.finds_a_queue(acked, rtt)
        {
            self.threshold = self.window;
        }
    }

    pub(super) fn grow(&mut self, acked: &Acked) {
        let mut segments = acked.segments as f64;
        if self.window < self.threshold {
            let taken = segments.min(self.threshold - self.window);
            self.window += taken;
            segments -= taken;
        }
        if segments > 0.0 {
            self.avoid_congestion(segments, acked);
        }
    }

    /// A loss: what the window falls to.
    pub(super) fn cut(&mut self) -> f64 {
        self.epoch = None;
        self.last_max =
            if self.window < self.last_max { self.window * (1.0 + BETA) / 2.0 } else { self.window };
        self.threshold = (self.window * BETA).max(2.0);
        self.threshold
    }

    /// A retransmission time-out.
    pub(super) fn collapse(&mut self) {
        self.cut();
        self.last_max = 0.0;
        self.window = 1.0;
        self.least_rtt_micros = u64::MAX;
        self.hystart = HyStart::default();
    }

    fn avoid_congestion(&mut self, segments: f64, acked: &Acked) {
        let (window, last_max) = (self.window, self.last_max);
        let epoch = self.epoch.get_or_insert_with(|| Epoch {
            start: acked.now,
            origin: last_max.max(window),
            to_plateau: ((last_max - window).max(0.0) / C).cbrt(),
            reno: window,
        });
        let micros = acked.now - epoch.start + self.least_rtt_micros.min(acked.now);
        let target = epoch.origin + C * (micros as f64 / 1e6 - epoch.to_plateau).powi(3);
        let mut segments_for_one = if target > window { window / (target - window) } else { 100.0 * window };
        if last_max == 0.0 {
            segments_for_one = segments_for_one.min(FIRST_GROWTH_SEGMENTS);
        }
        epoch.reno += segments * 3.0 * (1.0 - BETA) / (1.0 + BETA) / window;
        if epoch.reno > window {
            segments_for_one = segments_for_one.min(window / (epoch.reno - window));
        }
        self.window += segments / segments_for_one.max(2.0);
    }

    fn finds_a_queue(&mut self, acked: &Acked, rtt: u64) -> bool {
        let round = &mut self.hystart;
        if acked.unacknowledged > round.round_end || round.round_end == 0 {
            *round = HyStart {
                round_end: acked.next,
                round_start: acked.now,
                last_ack: acked.now,
                ..HyStart::default()
            };
        }
        if acked.now - round.last_ack <= HYSTART_TRAIN_GAP_MICROS {
            round.last_ack = acked.now;
            if acked.now - round.round_start > self.least_rtt_micros / 2 {
                return true;
            }
        }
        let least = round.least_rtt_micros.map_or(rtt, |least| least.min(rtt));
        round.least_rtt_micros = Some(least);
        round.samples += 1;
        let (low, high) = HYSTART_DELAY_MICROS;
        let threshold = self.least_rtt_micros + (self.least_rtt_micros / 8).clamp(low, high);
        round.samples >= HYSTART_SAMPLES && least > threshold
    }
}
