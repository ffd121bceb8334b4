use super::*;
use std::net::{Ipv4Addr, SocketAddr};

const LINGER_MICROS: u64 = 30_000;

fn config(local_index: u32, confirmed: bool, preferred: bool) -> SessionConfig {
    let path =
        Path { socket: 0, remote: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), local: None, interface: 0 };
    SessionConfig {
        local_index,
        remote_index: local_index + 100,
        cipher: Cipher::ChaCha20Poly1305,
        send_key: [1; 32],
        receive_key: [2; 32],
        hop_keys: None,
        first_send: 0,
        first_receive: 0,
        path,
        begun_here: confirmed,
        confirmed,
        preferred,
    }
}

fn local_indices(sessions: &SessionSet) -> Vec<u32> {
    sessions.iter().map(|session| session.local_index).collect()
}

#[test]
fn a_rekey_makes_before_it_breaks_and_the_old_keys_go_three_pto_after_the_new_ones_are_confirmed() {
    let (mut sessions, now) = (SessionSet::default(), Instant::from_micros(1));
    sessions.install(now, &config(1, true, true), LINGER_MICROS);
    sessions.install(now, &config(2, false, true), LINGER_MICROS);
    assert_eq!(sessions.sending().map(|session| session.local_index), Some(1));
    let later = now.plus_micros(10 * LINGER_MICROS);
    assert_eq!(sessions.drop_expired(later), None);
    assert_eq!(sessions.confirm(later, 2, LINGER_MICROS), Confirmation::First);
    assert_eq!(sessions.sending().map(|session| session.local_index), Some(2));
    assert!(sessions.by_index(1).is_some());
    assert_eq!(sessions.drop_expired(later.plus_micros(LINGER_MICROS - 1)), None);
    assert_eq!(
        sessions.drop_expired(later.plus_micros(LINGER_MICROS)).map(|session| session.local_index),
        Some(1)
    );
    assert_eq!(local_indices(&sessions), [2]);
}

#[test]
fn a_rekey_that_nobody_confirms_changes_nothing() {
    let (mut sessions, now) = (SessionSet::default(), Instant::from_micros(1));
    sessions.install(now, &config(1, true, true), LINGER_MICROS);
    sessions.install(now, &config(2, false, true), LINGER_MICROS);
    assert_eq!(
        sessions.drop_expired(now.plus_micros(CONFIRMATION_MICROS)).map(|session| session.local_index),
        Some(2)
    );
    assert_eq!(sessions.sending().map(|session| session.local_index), Some(1));
    assert_eq!(sessions.deadline(), None);
}

#[test]
fn of_two_rekeys_at_once_the_preferred_one_sends_whichever_is_confirmed_first() {
    for order in [[2, 3], [3, 2]] {
        let (mut sessions, now) = (SessionSet::default(), Instant::from_micros(1));
        sessions.install(now, &config(1, true, true), LINGER_MICROS);
        sessions.install(now, &config(2, false, true), LINGER_MICROS);
        sessions.install(now, &config(3, false, false), LINGER_MICROS);
        for local_index in order {
            sessions.confirm(now, local_index, LINGER_MICROS);
        }
        assert_eq!(sessions.sending().map(|session| session.local_index), Some(2));
        while sessions.drop_expired(now.plus_micros(LINGER_MICROS)).is_some() {}
        assert_eq!(local_indices(&sessions), [2], "confirmed in the order {order:?}");
    }
}

#[test]
fn sessions_are_bounded_and_the_oldest_unconfirmed_one_gives_way() {
    let (mut sessions, now) = (SessionSet::default(), Instant::from_micros(1));
    assert_eq!(sessions.install(now, &config(1, true, true), LINGER_MICROS), None);
    for local_index in 2..=SESSIONS_MAX as u32 {
        assert_eq!(sessions.install(now, &config(local_index, false, true), LINGER_MICROS), None);
    }
    for local_index in 9..200 {
        let evicted = sessions.install(now, &config(local_index, false, true), LINGER_MICROS);
        assert_eq!(evicted.map(|session| session.local_index), Some(local_index + 1 - SESSIONS_MAX as u32));
        assert_eq!(local_indices(&sessions).len(), SESSIONS_MAX);
    }
    assert_eq!(sessions.sending().map(|session| session.local_index), Some(1));
}

#[test]
fn the_answers_that_an_initiator_may_still_take_up_keep_their_sessions_however_many_there_were_before() {
    /// What an initiator takes the answers to.
    const ATTEMPTS_KEPT: u32 = 3;
    let (mut sessions, now) = (SessionSet::default(), Instant::from_micros(1));
    sessions.install(now, &config(1, true, true), LINGER_MICROS);
    for first in (10..200).step_by(10) {
        // Its answer took so long that it sent message 1 five times, and none of the sessions before has lingered for its time.
        let attempts = first..first + 5;
        for local_index in attempts.clone() {
            sessions.install(now, &config(local_index, false, true), LINGER_MICROS);
        }
        for local_index in attempts.clone().skip(5 - ATTEMPTS_KEPT as usize) {
            assert!(
                sessions.by_index(local_index).is_some(),
                "{local_index}: {:?}",
                local_indices(&sessions)
            );
        }
        let before = sessions.sending().map(|session| session.local_index).unwrap();
        let taken_up = first + 5 - ATTEMPTS_KEPT + first / 10 % ATTEMPTS_KEPT;
        assert_eq!(sessions.confirm(now, taken_up, LINGER_MICROS), Confirmation::First);
        assert_eq!(sessions.sending().map(|session| session.local_index), Some(taken_up));
        assert!(sessions.by_index(before).is_some(), "the peer may send under it for a round trip more");
    }
}

#[test]
fn the_secrets_of_a_configuration_are_overwritten_when_its_owner_says_so() {
    let mut config = config(1, true, true);
    config.erase_keys();
    assert_eq!((config.send_key, config.receive_key), ([0; 32], [0; 32]));
}
