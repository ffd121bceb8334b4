//! What somebody on the way makes of honest packets: the receiver stays as it was, and takes the honest ones afterwards.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, Ecn, EngineConfig, ReceiveMeta};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const SECOND: u64 = 1_000_000;
/// Where the packet number lies in a data packet.
const NUMBER: std::ops::Range<usize> = 8..16;

struct Victim {
    net: Network,
    a: HostId,
    b: HostId,
    associations: (u32, u32),
}

impl Victim {
    fn new(seed: u64) -> Self {
        let mut net = Network::new(seed);
        let (a, b) = (net.add_host(EngineConfig::default()), net.add_host(EngineConfig::default()));
        let link = LinkConfig { delay_micros: 10_000, ..LinkConfig::default() };
        net.set_link(a, b, link.clone());
        net.set_link(b, a, link);
        let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
        let until = net.now().plus_micros(SECOND);
        while net.step(until) {}
        Self { net, a, b, associations }
    }

    /// A packet that `a` sends, kept off the link.
    fn recorded(&mut self) -> Vec<u8> {
        let (now, mut train) = (self.net.now(), vec![0; osier_core::TRAIN_BYTES_MAX]);
        self.net.engine(self.a).ping(now, self.associations.0, 1);
        let transmit = self.net.engine(self.a).poll_transmit(now, &mut train).unwrap();
        assert!(transmit.len <= transmit.segment_size, "one packet");
        train.truncate(transmit.len);
        train
    }

    /// Hands `train` to `b`; returns how many packets of it were rejected.
    fn deliver(&mut self, train: &[u8], segment_size: usize) -> u64 {
        let path = self.net.engine(self.b).association_path(self.associations.1).unwrap();
        let before = self.net.engine(self.b).stats().packets_rejected;
        let (now, meta) = (self.net.now(), ReceiveMeta { path, ecn: Ecn::NotEct, segment_size });
        self.net.engine(self.b).handle_train(now, &meta, &mut train.to_vec());
        self.net.engine(self.b).stats().packets_rejected - before
    }

    fn still_works(mut self) {
        let transfer = Transfer::start(&mut self.net, (self.a, self.b), self.associations, 1 << 20, 1 << 20);
        { transfer }.run(&mut self.net, 60 * SECOND).unwrap();
    }
}

#[test]
fn a_forged_packet_with_a_huge_number_does_not_move_the_replay_window() {
    let mut victim = Victim::new(31);
    let honest = victim.recorded();
    let number = u64::from_le_bytes(honest[NUMBER].try_into().unwrap());
    for jump in [1, 8_192, 8_193, 65_536, 1 << 24, 1 << 25, (1 << 62) - 1 - number, u64::MAX - number] {
        let mut forged = honest.clone();
        forged[NUMBER].copy_from_slice(&(number + jump).to_le_bytes());
        assert_eq!(victim.deliver(&forged, forged.len()), 1, "a jump of {jump}");
    }
    assert_eq!(victim.deliver(&honest, honest.len()), 0, "the honest packet was locked out");
    assert_eq!(victim.deliver(&honest, honest.len()), 1, "and counts once");
    victim.still_works();
}

#[test]
fn a_packet_with_any_one_bit_changed_or_of_any_shorter_length_does_nothing() {
    let mut victim = Victim::new(32);
    let honest = victim.recorded();
    for bit in 0..honest.len() * 8 {
        let mut changed = honest.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(victim.deliver(&changed, changed.len()), 1, "bit {bit}");
    }
    for len in 1..honest.len() {
        assert_eq!(victim.deliver(&honest[..len], len), 1, "{len} bytes");
    }
    assert_eq!(victim.deliver(&honest, honest.len()), 0);
    victim.still_works();
}

#[test]
fn a_train_cut_anywhere_costs_the_packets_that_were_cut_and_nothing_else() {
    let mut victim = Victim::new(33);
    for segment_size in [1, 2, 15, 16, 32, 33] {
        let honest = victim.recorded();
        let rejected = victim.deliver(&honest, segment_size);
        assert_eq!(rejected, honest.len().div_ceil(segment_size) as u64, "segments of {segment_size}");
        assert_eq!(victim.deliver(&honest, honest.len()), 0, "segments of {segment_size}");
    }
    // Sizes that say nothing, or more than there is, are one datagram.
    for segment_size in [0, 65_507, 65_535, usize::MAX] {
        let honest = victim.recorded();
        assert_eq!(victim.deliver(&honest, segment_size), 0, "segments of {segment_size}");
    }
    assert_eq!(victim.deliver(&[], 0), 0);
    // A packet and more than fits: what is coalesced behind it is lost, the packet is not.
    let honest = victim.recorded();
    let train = [honest.as_slice(), &vec![4; 65_535 - honest.len()]].concat();
    assert_eq!(victim.deliver(&train, honest.len()), (train.len().div_ceil(honest.len()) - 1) as u64);
    assert_eq!(victim.deliver(&honest, honest.len()), 1, "it had arrived");
    victim.still_works();
}
