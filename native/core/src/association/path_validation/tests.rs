use super::*;
use crate::constants::{INITIAL_PTO_MICROS, PATH_CHALLENGES_MAX, PTO_MAX_MICROS};

const WAIT: u64 = 10_000;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn path(port: u16) -> Path {
    Path { socket: 0, remote: ([192, 0, 2, 1], port).into(), local: None, interface: 0 }
}

fn arrive(validation: &mut PathValidation, micros: u64, port: u16, bytes: usize, is_newest: bool) {
    let arrived = Arrived { from: path(port), bytes, is_newest };
    validation.on_packet(at(micros), arrived, &path(1), WAIT, &mut Entropy::new([7; 32]));
}

fn sent(validation: &mut PathValidation, micros: u64) -> Vec<ChallengeToSend> {
    std::iter::from_fn(|| {
        let challenge = validation.poll_send(at(micros))?;
        if let Some(candidate) = challenge.candidate {
            validation.on_sent(&candidate, CHALLENGE_PACKET_BYTES);
        }
        Some(challenge)
    })
    .collect()
}

fn moved_after(rtt_micros: u64) -> Moved {
    Moved { path: path(2), rtt_micros, is_exact: true }
}

/// Challenges of (candidate, present).
fn challenged() -> (PathValidation, [u8; 8], [u8; 8]) {
    let mut validation = PathValidation::default();
    arrive(&mut validation, 0, 2, 1_200, true);
    let challenges = sent(&mut validation, 0);
    assert_eq!(challenges.len(), 2);
    assert_eq!(challenges[0].candidate, Some(path(2)));
    assert_eq!(challenges[1].candidate, None);
    assert_ne!(challenges[0].data, challenges[1].data);
    (validation, challenges[0].data, challenges[1].data)
}

#[test]
fn only_the_newest_packet_from_elsewhere_starts_a_challenge() {
    let mut validation = PathValidation::default();
    arrive(&mut validation, 0, 2, 1_200, false);
    arrive(&mut validation, 0, 1, 1_200, true);
    assert!(!validation.wants_to_send());
    arrive(&mut validation, 0, 2, 1_200, true);
    assert!(validation.wants_to_send());
}

#[test]
fn no_more_is_sent_to_a_candidate_than_came_from_it() {
    let mut validation = PathValidation::default();
    arrive(&mut validation, 0, 2, CHALLENGE_PACKET_BYTES - 1, true);
    assert_eq!(sent(&mut validation, 0).len(), 1, "the present path's challenge only");
    arrive(&mut validation, 0, 2, 1, false);
    let challenges = sent(&mut validation, 0);
    assert_eq!(challenges[0].limit, CHALLENGE_PACKET_BYTES);
    assert_eq!(validation.on_timeout(at(WAIT)), None);
    assert_eq!(sent(&mut validation, WAIT).len(), 1, "nothing more came from there");
}

#[test]
fn the_association_moves_once_the_present_path_was_silent_for_its_time() {
    let (mut validation, candidate, _) = challenged();
    assert_eq!(validation.on_response(at(4_000), candidate), None);
    assert_eq!(validation.deadline(), Some(at(WAIT)));
    assert_eq!(validation.on_timeout(at(WAIT - 1)), None);
    assert_eq!(validation.on_timeout(at(WAIT)), Some(moved_after(4_000)));
    assert_eq!(validation.deadline(), None);
}

#[test]
fn a_present_path_gets_longer_where_the_candidate_took_longer() {
    let (mut validation, candidate, _) = challenged();
    assert_eq!(validation.on_response(at(WAIT), candidate), None);
    let deadline = at(WAIT + WAIT / 4);
    assert_eq!(validation.deadline(), Some(deadline));
    assert_eq!(validation.on_timeout(deadline), Some(moved_after(WAIT)));
}

#[test]
fn a_newer_packet_from_the_present_path_settles_it() {
    let (mut validation, candidate, _) = challenged();
    assert_eq!(validation.on_response(at(4_000), candidate), None);
    arrive(&mut validation, 5_000, 1, 1_200, false);
    assert!(validation.deadline().is_some(), "an older one was under way before the peer moved");
    arrive(&mut validation, 5_000, 1, 1_200, true);
    assert_eq!(validation.deadline(), None);
}

#[test]
fn a_present_path_that_answers_is_kept_and_the_other_left_alone_for_a_while() {
    let (mut validation, candidate, present) = challenged();
    assert_eq!(validation.on_response(at(2_000), candidate), None);
    assert_eq!(validation.on_response(at(3_000), present), None);
    assert_eq!((validation.deadline(), validation.on_timeout(at(WAIT))), (None, None));
    arrive(&mut validation, 4_000, 2, 1_200, true);
    assert!(!validation.wants_to_send());
    arrive(&mut validation, WAIT - 1, 3, 1_200, true);
    assert!(!validation.wants_to_send(), "the first was challenged less than a probe time-out ago");
    arrive(&mut validation, WAIT, 3, 1_200, true);
    assert!(validation.wants_to_send(), "a third address is not meant");
    let mut validation = challenged().0;
    validation.on_response(at(3_000), present);
    arrive(&mut validation, 3_000 + REFUSED_PATH_PTOS * WAIT, 2, 1_200, true);
    assert!(validation.wants_to_send(), "the while is over");
}

#[test]
fn on_a_slow_path_too_the_other_is_left_alone_for_two_seconds_at_most() {
    let mut validation = PathValidation::default();
    let arrived = |port| Arrived { from: path(port), bytes: 1_200, is_newest: true };
    let mut arrive = |micros, port| {
        validation.on_packet(at(micros), arrived(port), &path(1), 600_000, &mut Entropy::new([7; 32]));
        validation.is_challenging()
    };
    assert!(arrive(0, 2));
    assert!(!arrive(1_000, 1), "the peer is where it was");
    assert!(!arrive(1_000 + REFUSED_PATH_MAX_MICROS - 1, 2));
    assert!(arrive(1_000 + REFUSED_PATH_MAX_MICROS, 2));
}

#[test]
fn a_candidate_that_never_answers_is_given_up() {
    let (mut validation, ..) = challenged();
    let mut challenges = 1;
    while let Some(deadline) = validation.deadline() {
        assert_eq!(validation.on_timeout(deadline), None);
        challenges += sent(&mut validation, deadline.as_micros()).len() as u32 / 2;
    }
    assert_eq!(challenges, PATH_CHALLENGES_MAX);
}

#[test]
fn a_challenge_lasts_and_is_repeated_for_as_long_as_the_peers_newest_packets_come_from_there() {
    let (mut validation, candidate, _) = challenged();
    let mut asked_at = Vec::new();
    for micros in (0..20 * INITIAL_PTO_MICROS).step_by(1_000) {
        if micros % 100_000 == 0 {
            arrive(&mut validation, micros, 2, 1_200, true);
        }
        assert_eq!(validation.on_timeout(at(micros)), None);
        for challenge in
            sent(&mut validation, micros).iter().filter(|challenge| challenge.candidate.is_some())
        {
            assert_eq!(challenge.data, candidate);
            asked_at.push(micros);
        }
    }
    assert_eq!(asked_at[..4], [WAIT, 3 * WAIT, 7 * WAIT, 15 * WAIT]);
    assert!(asked_at.windows(2).all(|pair| pair[1] - pair[0] <= PTO_MAX_MICROS), "{asked_at:?}");
    // However late the answer comes, it counts; the present path then has a quarter of that time more.
    let late = 20 * INITIAL_PTO_MICROS;
    assert_eq!(validation.on_response(at(late), candidate), None);
    assert_eq!(validation.on_timeout(at(late + late / 4 - 1)), None);
    let moved = Moved { path: path(2), rtt_micros: late, is_exact: false };
    assert_eq!(validation.on_timeout(at(late + late / 4)), Some(moved));
}

#[test]
fn a_made_up_response_proves_nothing() {
    let (mut validation, ..) = challenged();
    assert_eq!(validation.on_response(at(WAIT), [0xee; 8]), None);
    assert!(validation.deadline().is_some());
}

#[test]
fn copies_from_many_addresses_in_turn_start_one_challenge_a_probe_time_out() {
    let mut validation = PathValidation::default();
    let mut asked = 0;
    for packet in 0..200 {
        // The copy is faster; the packet itself, from the present path, is then not the newest, or it is and settles the matter.
        let micros = packet * WAIT / 10;
        arrive(&mut validation, micros, 2 + packet as u16 % 5, 1_200, true);
        arrive(&mut validation, micros, 1, 1_200, packet % 3 == 0);
        asked +=
            sent(&mut validation, micros).iter().filter(|challenge| challenge.candidate.is_some()).count();
    }
    assert!((1..=20).contains(&asked), "{asked} addresses were asked in 20 probe time-outs");
    arrive(&mut validation, 300 * WAIT, 9, 1_200, true);
    assert!(validation.wants_to_send(), "a peer that does move is challenged");
}

#[test]
fn a_candidate_that_has_answered_is_not_left_for_a_third_address() {
    let (mut validation, candidate, _) = challenged();
    assert_eq!(validation.on_response(at(WAIT - 1_000), candidate), None);
    // The probe time-out is over, the quarter after the answer is not.
    arrive(&mut validation, WAIT + 1, 3, 1_200, true);
    assert_eq!(validation.on_timeout(at(WAIT + 1_500)), Some(moved_after(WAIT - 1_000)));
}
