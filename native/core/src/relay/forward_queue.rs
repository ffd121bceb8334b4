//! Packets that wait to be passed on, in the order that they came, one bounded queue for each next neighbour.

use crate::path::Ecn;
use std::collections::{HashMap, VecDeque};

/// A packet to be passed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forwarded<'a> {
    /// Handle of the next neighbour's association.
    pub(crate) next: u32,
    /// Its new header, but for what belongs to the next hop.
    pub(crate) header: &'a [u8],
    /// What comes behind it.
    pub(crate) inner: &'a [u8],
    /// The mark that it came with.
    pub(crate) ecn: Ecn,
}

/// Packets of one size for one neighbour, back to back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForwardedTrain {
    /// Handle of the neighbour's association.
    pub(crate) next: u32,
    pub(crate) ecn: Ecn,
    /// Size of every packet but the last, which may be shorter.
    pub(crate) segment_size: usize,
    pub(crate) len: usize,
}

/// See the file's head. Its memory is kept: once it has grown, nothing is allocated.
#[derive(Default)]
pub(crate) struct ForwardQueue {
    queue_bytes: usize,
    queues: HashMap<u32, NeighbourQueue>,
    /// Neighbours for whom something waits.
    ready: VecDeque<u32>,
}

#[derive(Default)]
struct NeighbourQueue {
    packets: VecDeque<(u32, Ecn)>,
    bytes: VecDeque<u8>,
}

impl ForwardQueue {
    /// `queue_bytes`: what may wait for one neighbour.
    pub(crate) fn new(queue_bytes: usize) -> Self {
        Self { queue_bytes, ..Self::default() }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// False: there was no room, and the packet is dropped.
    pub(crate) fn push(&mut self, packet: &Forwarded<'_>) -> bool {
        let queue = self.queues.entry(packet.next).or_default();
        let len = packet.header.len() + packet.inner.len();
        if queue.bytes.len() + len > self.queue_bytes {
            return false;
        }
        if queue.packets.is_empty() {
            self.ready.push_back(packet.next);
        }
        queue.packets.push_back((len as u32, packet.ecn));
        queue.bytes.extend(packet.header);
        queue.bytes.extend(packet.inner);
        true
    }

    /// Writes the next train of at most `packets_max` packets into `out`.
    pub(crate) fn pop_train(&mut self, packets_max: usize, out: &mut [u8]) -> Option<ForwardedTrain> {
        let next = self.ready.pop_front()?;
        let queue = self.queues.get_mut(&next)?;
        let &(first, ecn) = queue.packets.front()?;
        let segment_size = first as usize;
        let (mut len, mut packets) = (0, 0);
        while packets < packets_max {
            let Some(&(size, mark)) = queue.packets.front() else { break };
            let size = size as usize;
            if size > segment_size || mark != ecn || len + size > out.len() {
                break;
            }
            queue.packets.pop_front();
            (len, packets) = (len + size, packets + 1);
            if size < segment_size {
                break;
            }
        }
        queue.take(&mut out[..len]);
        if !queue.packets.is_empty() {
            self.ready.push_back(next);
        }
        (len > 0).then_some(ForwardedTrain { next, ecn, segment_size: segment_size.min(len), len })
    }

    /// The neighbour is gone: what waits for it goes, too. Returns how many packets.
    pub(crate) fn forget(&mut self, next: u32) -> usize {
        let Some(queue) = self.queues.remove(&next) else { return 0 };
        self.ready.retain(|other| *other != next);
        queue.packets.len()
    }
}

impl NeighbourQueue {
    /// Moves the oldest bytes into all of `out`.
    fn take(&mut self, out: &mut [u8]) {
        let (front, back) = self.bytes.as_slices();
        let split = front.len().min(out.len());
        let (head, tail) = out.split_at_mut(split);
        head.copy_from_slice(&front[..split]);
        tail.copy_from_slice(&back[..tail.len()]);
        self.bytes.drain(..out.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(queue: &mut ForwardQueue, next: u32, len: usize, ecn: Ecn) -> bool {
        queue.push(&Forwarded { next, header: &[1; 40], inner: &vec![2; len - 40], ecn })
    }

    fn popped(queue: &mut ForwardQueue) -> Vec<(u32, usize, usize)> {
        let mut out = vec![0; 65_507];
        std::iter::from_fn(|| queue.pop_train(64, &mut out))
            .map(|train| (train.next, train.segment_size, train.len))
            .collect()
    }

    #[test]
    fn a_train_for_one_neighbour_stays_a_train() {
        let mut queue = ForwardQueue::new(1 << 20);
        for len in [1_200, 1_200, 700, 1_200, 1_500] {
            assert!(push(&mut queue, 1, len, Ecn::Ect0));
        }
        assert!(push(&mut queue, 2, 100, Ecn::NotEct));
        assert_eq!(
            popped(&mut queue),
            [(1, 1_200, 3_100), (2, 100, 100), (1, 1_200, 1_200), (1, 1_500, 1_500)]
        );
        assert!(queue.is_empty());
    }

    #[test]
    fn marks_are_not_mixed_and_trains_are_bounded() {
        let mut queue = ForwardQueue::new(1 << 20);
        for ecn in [Ecn::Ect0, Ecn::Ect0, Ecn::Ce] {
            assert!(push(&mut queue, 1, 100, ecn));
        }
        let mut out = [0; 65_507];
        let mut trains = |most: usize, queue: &mut ForwardQueue| -> Vec<(Ecn, usize)> {
            std::iter::from_fn(|| queue.pop_train(most, &mut out)).map(|at| (at.ecn, at.len)).collect()
        };
        assert_eq!(trains(64, &mut queue), [(Ecn::Ect0, 200), (Ecn::Ce, 100)]);
        assert!((0..3).all(|_| push(&mut queue, 1, 100, Ecn::Ect0)));
        assert_eq!(trains(2, &mut queue), [(Ecn::Ect0, 200), (Ecn::Ect0, 100)]);
    }

    #[test]
    fn a_queue_that_is_full_takes_nothing_and_leaves_others_alone() {
        let mut queue = ForwardQueue::new(250);
        let taken: Vec<bool> = (0..3).map(|_| push(&mut queue, 1, 100, Ecn::NotEct)).collect();
        assert_eq!(taken, [true, true, false]);
        assert!(push(&mut queue, 2, 100, Ecn::NotEct));
        assert_eq!(queue.forget(1), 2);
        assert_eq!(popped(&mut queue), [(2, 100, 100)]);
    }

    #[test]
    fn bytes_come_out_as_they_went_in_however_the_ring_lies() {
        let mut queue = ForwardQueue::new(1 << 16);
        let (mut sent, mut taken, mut out) = (Vec::new(), Vec::new(), vec![0; 65_507]);
        for round in 0..500_usize {
            let inner: Vec<u8> = (0..60 + round % 700).map(|i| (i * round) as u8).collect();
            let packet = Forwarded { next: 1, header: &[round as u8; 40], inner: &inner, ecn: Ecn::NotEct };
            assert!(queue.push(&packet));
            sent.extend_from_slice(packet.header);
            sent.extend_from_slice(&inner);
            if round % 3 == 0 {
                while let Some(train) = queue.pop_train(2, &mut out) {
                    taken.extend_from_slice(&out[..train.len]);
                }
            }
        }
        while let Some(train) = queue.pop_train(64, &mut out) {
            taken.extend_from_slice(&out[..train.len]);
        }
        assert!(sent == taken);
    }
}
