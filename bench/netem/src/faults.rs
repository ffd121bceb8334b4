//! What a link does to packets; the same in both directions, each with its own sequence of chances.

use serde::Deserialize;

/// All default to a perfect link. Shares lie between 0 and 1.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Faults {
    /// Repeats a run.
    pub(crate) seed: u64,
    /// One way.
    pub(crate) delay_ms: f64,
    /// Up to this much more, evenly spread; the order stays.
    pub(crate) jitter_ms: f64,
    /// Of packets, each by itself.
    pub(crate) loss: f64,
    /// Average length of a run of lost packets; 1: losses are independent. `loss` stays the share of all.
    pub(crate) burst_packets: f64,
    /// Of packets that are held back behind later ones.
    pub(crate) reorder: f64,
    /// 0: without limit.
    pub(crate) bits_per_second: f64,
    /// What waits for the bottleneck; 0: one product of `bits_per_second` and twice `delay_ms`, and never less than ten full packets.
    pub(crate) queue_bytes: f64,
    /// Of the devices.
    pub(crate) mtu: u32,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 1,
            delay_ms: 0.0,
            jitter_ms: 0.0,
            loss: 0.0,
            burst_packets: 1.0,
            reorder: 0.0,
            bits_per_second: 0.0,
            queue_bytes: 0.0,
            mtu: 1_500,
        }
    }
}

/// Packets that always fit the queue, so that a short path's product does not leave room for half a burst.
const QUEUE_PACKETS_MIN: f64 = 10.0;

impl Faults {
    /// Says what is out of range.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, value) in [("loss", self.loss), ("reorder", self.reorder)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("{name} must lie between 0 and 1, not {value}"));
            }
        }
        let sizes = [
            ("delayMs", self.delay_ms),
            ("jitterMs", self.jitter_ms),
            ("bitsPerSecond", self.bits_per_second),
            ("queueBytes", self.queue_bytes),
        ];
        for (name, value) in sizes {
            if !value.is_finite() || value < 0.0 {
                return Err(format!("{name} must be 0 or more, not {value}"));
            }
        }
        if self.burst_packets.is_nan() || self.burst_packets < 1.0 {
            return Err(format!("burstPackets must be 1 or more, not {}", self.burst_packets));
        }
        Ok(())
    }

    /// What may wait for the bottleneck.
    pub(crate) fn queue_limit_bytes(&self) -> f64 {
        if self.queue_bytes > 0.0 {
            return self.queue_bytes;
        }
        let product = self.bits_per_second / 8.0 * 2.0 * self.delay_ms / 1_000.0;
        product.max(QUEUE_PACKETS_MIN * f64::from(self.mtu))
    }
}
