//! Counts what happens between the end of a warm-up and the end of a measurement.

use std::time::{Duration, Instant};

use crate::Plan;

/// What was counted.
pub(crate) struct Measured {
    pub(crate) count: u64,
    pub(crate) micros: u64,
    pub(crate) cpu_micros: u64,
}

pub(crate) struct Span {
    start: Instant,
    end: Instant,
    begun: Option<(Instant, u64, u64)>,
    is_over: bool,
}

impl Span {
    pub(crate) fn new(plan: &Plan) -> Self {
        let start = Instant::now() + Duration::from_millis(plan.warm_up_ms);
        Self { start, end: start + Duration::from_millis(plan.measure_ms), begun: None, is_over: false }
    }

    /// Tells the running total; the result once, with the first total after the end.
    pub(crate) fn update(&mut self, count: u64) -> Option<Measured> {
        let now = Instant::now();
        let Some((at, before, cpu)) = self.begun else {
            if now >= self.start {
                self.begun = Some((now, count, cpu_micros()));
            }
            return None;
        };
        if self.is_over || now < self.end {
            return None;
        }
        self.is_over = true;
        let micros = u64::try_from((now - at).as_micros()).unwrap_or(u64::MAX);
        Some(Measured { count: count - before, micros, cpu_micros: cpu_micros() - cpu })
    }
}

/// Processor time of this process, user and system.
pub(crate) fn cpu_micros() -> u64 {
    // SAFETY: the structure is plain numbers, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    micros(usage.ru_utime) + micros(usage.ru_stime)
}
