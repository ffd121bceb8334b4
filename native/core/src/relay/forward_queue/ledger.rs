//! What is queued, what went and what did not: every byte pushed is in one of the three.

/// Packets and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

impl Amount {
    pub(super) fn add(&mut self, packets: usize, bytes: usize) {
        self.packets += packets as u64;
        self.bytes += bytes as u64;
    }

    pub(super) fn take_off(&mut self, packets: usize, bytes: usize) {
        self.packets -= packets as u64;
        self.bytes -= bytes as u64;
    }
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ForwardCounters {
    /// Went on, the marked ones included.
    pub(crate) forwarded: Amount,
    /// Dropped because the queue of their next hop was full.
    pub(crate) dropped_full: Amount,
    /// Dropped because they, or those behind them, waited too long.
    pub(crate) dropped_delay: Amount,
    /// Dropped because their next hop was gone when it was their turn.
    pub(crate) dropped_gone: Amount,
    /// Went on with a mark of congestion that they did not come with.
    pub(crate) marked_packets: u64,
}

impl ForwardCounters {
    /// For whatever reason.
    pub(crate) const fn dropped_packets(&self) -> u64 {
        self.dropped_full.packets + self.dropped_delay.packets + self.dropped_gone.packets
    }
}

/// Why packets were dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loss {
    Full,
    Delay,
}

/// See the file's head.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) counters: ForwardCounters,
    /// Bytes queued in all.
    pub(super) queued_bytes: usize,
    /// Next hops, sorted, and the bytes queued for each.
    hops: Vec<(u32, usize)>,
    /// Next hops that are to be forgotten when nothing is queued for them.
    forgotten: Vec<u32>,
}

impl Ledger {
    pub(super) fn on_pushed(&mut self, hop: u32, bytes: usize) {
        self.queued_bytes += bytes;
        match self.place(hop) {
            Ok(at) => self.hops[at].1 += bytes,
            Err(at) => self.hops.insert(at, (hop, bytes)),
        }
    }

    pub(super) fn on_forwarded(&mut self, hop: u32, packets: usize, bytes: usize) {
        self.take(hop, bytes);
        self.counters.forwarded.add(packets, bytes);
    }

    pub(super) fn on_dropped(&mut self, hop: u32, packets: usize, bytes: usize, loss: Loss) {
        self.take(hop, bytes);
        match loss {
            Loss::Full => self.counters.dropped_full.add(packets, bytes),
            Loss::Delay => self.counters.dropped_delay.add(packets, bytes),
        }
    }

    /// Bytes queued for a next hop.
    pub(super) fn hop_bytes(&self, hop: u32) -> usize {
        self.place(hop).map_or(0, |at| self.hops[at].1)
    }

    /// Forgets a next hop as soon as nothing is queued for it.
    pub(super) fn forget_hop(&mut self, hop: u32) {
        match self.place(hop) {
            Ok(at) if self.hops[at].1 == 0 => drop(self.hops.remove(at)),
            Ok(_) => self.forgotten.push(hop),
            Err(_) => {}
        }
    }

    fn take(&mut self, hop: u32, bytes: usize) {
        self.queued_bytes -= bytes;
        let Ok(at) = self.place(hop) else { return };
        self.hops[at].1 -= bytes;
        if self.hops[at].1 == 0 && !self.forgotten.is_empty() {
            if let Some(position) = self.forgotten.iter().position(|other| *other == hop) {
                self.forgotten.swap_remove(position);
                self.hops.remove(at);
            }
        }
    }

    fn place(&self, hop: u32) -> Result<usize, usize> {
        self.hops.binary_search_by_key(&hop, |(known, _)| *known)
    }

    /// Next hops that are known.
    #[cfg(test)]
    pub(super) fn hops_known(&self) -> usize {
        self.hops.len()
    }
}
