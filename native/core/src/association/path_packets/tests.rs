use super::*;
use crate::config::{AssociationConfig, EngineConfig};
use crate::entropy::Entropy;
use crate::key_schedule::SendKeys;
use crate::packet_key::Cipher;
use crate::stream::{HeapBlocks, MemoryBudget};
use crate::SessionConfig;
use osier_wire::limits::TAG_BYTES;
use osier_wire::{CloseCode, DataHeader};
use std::cell::RefCell;
use std::rc::Rc;

const LOCAL_INDEX: u32 = 7;
const PEER_KEY: [u8; 32] = [3; 32];

fn path(port: u16) -> Path {
    Path { socket: 0, remote: ([192, 0, 2, 1], port).into(), local: None, interface: 0 }
}

#[test]
fn the_oldest_answer_goes_first_and_of_too_many_it_is_forgotten() {
    let mut responses = PathResponses::default();
    for port in 0..PATH_RESPONSES_MAX as u16 + 2 {
        responses.owe(path(port), [port as u8; 8]);
    }
    let answered: Vec<_> = std::iter::from_fn(|| responses.pop()).collect();
    assert_eq!(answered.len(), PATH_RESPONSES_MAX);
    assert_eq!(answered[0], (path(2), [2; 8]));
    assert!(responses.is_empty() && responses.owed.capacity() == 0, "it takes no memory then");
}

/// A session that this end began, at port 1.
fn session(local_index: u32) -> SessionConfig {
    SessionConfig {
        local_index,
        remote_index: 9,
        cipher: Cipher::ChaCha20Poly1305,
        send_key: [4; 32],
        receive_key: PEER_KEY,
        hop_keys: None,
        first_send: 0,
        first_receive: 0,
        path: path(1),
        begun_here: true,
        confirmed: true,
        preferred: true,
    }
}

/// An association whose peer is known to be at port 1.
struct End {
    association: Association,
    entropy: Entropy,
    now: Instant,
}

impl End {
    fn new() -> Self {
        let engine = EngineConfig::default();
        let facts = AssociationConfig {
            parity: 0,
            peer_max_data: 1 << 20,
            peer_max_stream_data: 1 << 20,
            peer_max_streams: 8,
            peer_route_id: None,
        };
        let now = Instant::from_micros(1_000_000);
        let blocks = Rc::new(RefCell::new(HeapBlocks::default()));
        let mut association = Association::new(now, &engine, &facts, MemoryBudget::new(64 << 20), blocks);
        association.install_session(now, &session(LOCAL_INDEX));
        Self { association, entropy: Entropy::new([5; 32]), now }
    }

    /// A packet of the peer's arrives from `port`; returns its bytes.
    fn receive(&mut self, number: u64, port: u16, challenges: usize, padding: usize) -> usize {
        let payload_len = 1 + 9 * challenges + padding;
        let mut packet = vec![0; OVERHEAD + payload_len];
        let mut writer = Writer::new(&mut packet[DATA_HEADER_BYTES..DATA_HEADER_BYTES + payload_len]);
        Frame::Ping.encode(&mut writer).unwrap();
        for challenge in 0..challenges {
            Frame::PathChallenge([challenge as u8; 8]).encode(&mut writer).unwrap();
        }
        let header = DataHeader { receiver_index: LOCAL_INDEX, packet_number: number };
        let (head, rest) = packet.split_at_mut(DATA_HEADER_BYTES);
        head.copy_from_slice(&header.to_bytes().unwrap());
        let (payload, tag) = rest.split_at_mut(payload_len);
        let tag: &mut [u8; TAG_BYTES] = tag.try_into().unwrap();
        let mut keys = SendKeys::new(Cipher::ChaCha20Poly1305, PEER_KEY, 0);
        keys.seal(number, head, payload, tag).unwrap();
        let mut arrival = Arrival { path: path(port), ecn: Ecn::NotEct, entropy: &mut self.entropy };
        self.association.on_packet(self.now, &header, &mut arrival, &mut packet).unwrap();
        packet.len()
    }

    /// Everything that is ready to be sent: where to, and how many bytes.
    fn send(&mut self) -> Vec<(u16, usize)> {
        let mut out = vec![0; 65_507];
        let sent = std::iter::from_fn(|| self.association.poll_transmit(self.now, &mut out));
        sent.map(|transmit| (transmit.path.remote.port(), transmit.len)).collect()
    }

    fn wait(&mut self, micros: u64) {
        self.now = self.now.plus_micros(micros);
        if self.association.deadline().is_some_and(|at| at <= self.now) {
            self.association.on_timeout(self.now, &mut Vec::new());
        }
    }
}

#[test]
fn a_packet_gets_one_answer_however_many_challenges_it_holds() {
    let mut end = End::new();
    end.receive(1, 1, 0, 0);
    end.send();
    let came = end.receive(0, 2, 5, 0);
    let went: Vec<_> = end.send().into_iter().filter(|(port, _)| *port == 2).collect();
    assert_eq!(
        went,
        [(2, CHALLENGE_PACKET_BYTES)],
        "{came} bytes came, not newest, so that nothing is asked there"
    );
}

#[test]
fn no_more_goes_to_an_address_that_is_not_proved_than_came_from_there() {
    for seed in 0..20_u64 {
        let mut random = Entropy::new([seed as u8; 32]);
        let mut below = |limit: u32| random.next_u32() % limit;
        let mut end = End::new();
        let (mut came, mut went) = ([0; 4], [0; 4]);
        let mut numbers: Vec<u64> = (0..400).collect();
        for at in 1..numbers.len() {
            numbers.swap(at, at - below(2) as usize);
        }
        for number in numbers {
            let port = [1, 2, 2, 2, 3][below(5) as usize];
            let (challenges, padding) = (below(4) as usize, [8, 8, 50, 1_100][below(4) as usize]);
            came[usize::from(port)] += end.receive(number, port, challenges, padding);
            end.wait(u64::from(below(400_000)));
            for (port, bytes) in end.send() {
                went[usize::from(port)] += bytes;
            }
            for port in [2, 3] {
                assert!(went[port] <= came[port], "seed {seed}, number {number}: {went:?} of {came:?}");
            }
        }
        assert!(went[2] > 0 && went[3] > 0, "seed {seed}: {went:?}");
        assert_eq!(end.association.path(), path(1), "nobody answered from elsewhere");
    }
}

#[test]
fn a_local_end_that_is_forgotten_and_known_again_is_no_other_path() {
    let mut end = End::new();
    let known = Path { local: "192.0.2.7".parse().ok(), interface: 3, ..path(1) };
    end.association.take_path(end.now, known);
    let tag = end.association.control.tag();
    for path in [Path { local: None, interface: 0, ..known }, known] {
        end.association.path.local = None;
        end.association.take_path(end.now, path);
        assert_eq!(end.association.control.tag(), tag, "the window and the round-trip time are kept");
    }
    assert_eq!(end.association.path(), known);
    end.association.take_path(end.now, Path { interface: 4, ..known });
    assert_ne!(end.association.control.tag(), tag);
}

#[test]
fn the_last_packet_is_no_smaller_than_a_challenge_either() {
    let mut end = End::new();
    end.send();
    end.association.close(end.now, CloseCode::Normal, "");
    assert_eq!(end.send(), [(1, CHALLENGE_PACKET_BYTES)]);
}

#[test]
fn a_path_that_was_chosen_is_left_by_no_later_handshake() {
    let mut end = End::new();
    end.send();
    assert!(end.association.move_path(end.now, path(2)));
    end.association.install_session(end.now, &session(LOCAL_INDEX + 1));
    assert_eq!(end.association.path(), path(2));
    assert!(end.send().iter().all(|(port, _)| *port == 2));
}

#[test]
fn a_relayed_packet_from_the_old_address_does_not_refuse_the_new_one() {
    let mut end = End::new();
    end.receive(1, 1, 0, 8);
    end.receive(2, 2, 0, 8);
    assert!(end.association.validation.is_challenging());
    let mut arrival = Arrival { path: path(1), ecn: Ecn::NotEct, entropy: &mut end.entropy };
    let _ = end.association.on_hop_packet(end.now, &mut arrival, 100, true);
    assert!(end.association.validation.is_challenging());
}
