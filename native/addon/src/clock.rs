//! The clock: boot time, which goes on while the machine sleeps.

use osier_core::Instant;

/// Now, in microseconds since the machine started.
pub(crate) fn now() -> Instant {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer leads to `time`. The call cannot fail for a clock that exists; if it did, time would stand still.
    unsafe { libc::clock_gettime(CLOCK, &mut time) };
    Instant::from_micros(time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000)
}
