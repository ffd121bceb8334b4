//! The size of a path's datagrams, and what follows for its window.

use super::PathControl;
use crate::congestion::CongestionControl;
use crate::constants::MTU_RELAYED_PAUSE_MICROS;
use crate::mtu_discovery::MtuDiscovery;
use crate::time::Instant;

impl PathControl {
    /// Largest datagram (UDP payload) of the path.
    pub(crate) fn mtu_bytes(&self) -> usize {
        self.mtu.current()
    }

    /// Size of the next packets. Probes after a time-out are small: they must get through also where large ones suddenly do not.
    pub(crate) fn segment_bytes(&self) -> usize {
        if self.probes_owed > 0 {
            self.mtu.base()
        } else {
            self.mtu.current()
        }
    }

    /// Packets of [`PathControl::segment_bytes`] in the next train, at most `most`.
    pub(crate) fn segments_max(&self, most: usize) -> usize {
        match usize::from(self.probes_owed) {
            probes if probes > 0 && self.mtu.current() > self.mtu.base() => probes,
            _ => most,
        }
    }

    /// A packet of [`PathControl::segment_bytes`] was full.
    pub(crate) fn on_full_packet(&mut self, now: Instant) {
        self.mtu.on_full_packet(now);
    }

    /// Size of the MTU probe that is due. It may exceed what the window leaves by itself, but not the window: on a path that is always full
    /// it would never be sent.
    pub(crate) fn next_mtu_probe(&self) -> Option<usize> {
        let fits = |bytes: &usize| self.rtt.has_sample() && *bytes as u64 <= self.window_bytes();
        self.mtu.next_probe().filter(fits)
    }

    pub(crate) fn on_mtu_probe_sent(&mut self) {
        self.mtu.on_probe_sent();
    }

    /// The largest packet of those newly acknowledged. Call before losses of the same acknowledgement are taken.
    pub(crate) fn on_packet_passed(&mut self, bytes: usize, sent_at: Instant) {
        self.mtu.on_acked(bytes, sent_at);
    }

    /// An MTU probe arrived, perhaps late.
    pub(crate) fn on_mtu_probe_acked(&mut self, now: Instant, bytes: u16) {
        if self.mtu.on_probe_acked(now, usize::from(bytes)) {
            self.controller.on_mtu(self.mtu.current() as u64);
        }
    }

    /// A packet of so many bytes that was sent here is longer than a link of the path carries. True when that was not known.
    pub(crate) fn on_too_long(&mut self, now: Instant, bytes: usize) -> bool {
        let before = self.mtu.current();
        let is_news = self.mtu.on_refused(now, bytes);
        if self.mtu.current() != before {
            self.controller.on_mtu(self.mtu.current() as u64);
        }
        is_news
    }

    /// As [`PathControl::on_too_long`], where it is a relay that says so: the hop behind it may be at the beginning of its own search.
    pub(crate) fn on_too_long_for_relay(&mut self, now: Instant, bytes: usize) {
        // No packet is so small that the base would not do.
        self.on_too_long(now, bytes.max(self.mtu.base() + 1));
        self.mtu.raise_by(now.plus_micros(MTU_RELAYED_PAUSE_MICROS));
    }

    /// Another network, whose packets are at first as large as `base_bytes`, and at most as `ceiling_bytes`. Nothing is known of it.
    pub(crate) fn anew_between(&self, tag: u8, base_bytes: usize, ceiling_bytes: usize) -> Self {
        let anew = Self::new(tag, base_bytes, self.controller.algorithm()).probing_up_to(ceiling_bytes);
        Self { ecn: self.ecn.anew(), ..anew }
    }

    /// Packets are at most so large from now on, as somebody says who knows: larger than before where it is more.
    pub(crate) fn limit_mtu(&mut self, now: Instant, ceiling_bytes: usize) {
        let before = self.mtu.current();
        self.mtu.limit(now, ceiling_bytes);
        if self.mtu.current() != before {
            self.controller.on_mtu(self.mtu.current() as u64);
        }
    }

    /// With larger datagrams up to `ceiling_bytes` where the path carries them.
    pub(crate) fn probing_up_to(mut self, ceiling_bytes: usize) -> Self {
        self.mtu = MtuDiscovery::up_to(self.mtu.base(), ceiling_bytes);
        self
    }
}
