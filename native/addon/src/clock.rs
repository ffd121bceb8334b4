//! The clock of one engine: boot time, which goes on while the machine sleeps, or whatever time its owner hands in.

use osier_core::Instant;

/// What an engine takes for the time.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// The machine's, in microseconds since it started.
    Boot,
    /// The last one handed in.
    Handed(Instant),
}

impl Clock {
    pub(crate) fn now(self) -> Instant {
        match self {
            Self::Boot => boot_time(),
            Self::Handed(now) => now,
        }
    }

    /// Hands a time in. Time never goes back, and the machine's is not changed.
    pub(crate) fn advance_to(&mut self, now: Instant) {
        if let Self::Handed(present) = self {
            *present = now.max(*present);
        }
    }
}

fn boot_time() -> Instant {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer leads to `time`. The call cannot fail for a clock that exists; if it did, time would stand still.
    unsafe { libc::clock_gettime(CLOCK, &mut time) };
    Instant::from_micros(time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000)
}
