use crate::config::{AssociationConfig, EngineConfig};
use crate::path::{Ecn, Path};
use crate::stream::HeapBlocks;
use crate::time::Instant;
use crate::{Cipher, Engine, Event, ReceiveMeta, SessionConfig};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

const NOW: Instant = Instant::from_micros(1_000_000);

fn engine() -> Engine {
    Engine::new(EngineConfig::default(), [1; 32], Rc::new(RefCell::new(HeapBlocks::default())))
}

fn associate(engine: &mut Engine) -> u32 {
    let facts = AssociationConfig {
        parity: 0,
        peer_max_data: 1 << 20,
        peer_max_stream_data: 1 << 20,
        peer_max_streams: 8,
        peer_route_id: None,
    };
    engine.create_association(NOW, &facts).unwrap()
}

/// A session, of the initiator's where it is `confirmed`: at once the one that sends.
fn install_session(
    engine: &mut Engine,
    association: u32,
    (remote_index, port): (u32, u16),
    confirmed: bool,
) -> u32 {
    let local_index = engine.reserve_index([0; 32]).unwrap();
    let path = Path { socket: 0, remote: ([192, 0, 2, 1], port).into(), local: None, interface: 0 };
    let keys = if confirmed { [[1; 32], [2; 32]] } else { [[2; 32], [1; 32]] };
    let session = SessionConfig {
        local_index,
        remote_index,
        cipher: Cipher::ChaCha20Poly1305,
        send_key: keys[0],
        receive_key: keys[1],
        hop_keys: None,
        first_send: 0,
        first_receive: 0,
        path,
        begun_here: confirmed,
        confirmed,
        preferred: true,
    };
    assert!(engine.install_session(NOW, association, &session));
    local_index
}

fn install(engine: &mut Engine, association: u32, remote_index: u32, port: u16) -> u32 {
    install_session(engine, association, (remote_index, port), true)
}

/// What is listed is what there is, no more and no less.
fn assert_exact(engine: &Engine) {
    let sessions = engine.associations.iter().flat_map(|(handle, association)| {
        association
            .sessions
            .confirmed()
            .map(move |session| ((session.path.remote, session.remote_index), handle))
    });
    let listed = engine.remotes.owners.iter().map(|(name, owner)| (*name, *owner));
    assert_eq!(listed.collect::<BTreeSet<_>>(), sessions.collect::<BTreeSet<_>>());
}

fn dropped(engine: &mut Engine) -> usize {
    std::iter::from_fn(|| engine.poll_event())
        .filter(|event| matches!(event, Event::SessionDropped { .. }))
        .count()
}

#[test]
fn a_dropped_session_costs_the_same_among_a_thousand() {
    let mut engine = engine();
    let associations: Vec<u32> = (0..1_000).map(|_| associate(&mut engine)).collect();
    for (n, association) in associations.iter().enumerate() {
        install(&mut engine, *association, n as u32, 7_400);
    }
    let before = engine.remotes.steps;
    install(&mut engine, associations[500], 5_000, 7_400);
    engine.handle_timeout(NOW.plus_micros(60_000_000));
    assert_eq!(dropped(&mut engine), 1);
    assert!(engine.remotes.steps - before <= 8, "{} entries looked at", engine.remotes.steps - before);
    assert_exact(&engine);
}

#[test]
fn sessions_that_come_go_and_move_leave_nothing_behind() {
    // Peers that are elsewhere each time, and peers that use a name again while a session has it.
    for (ports, indices) in [(7, 5), (3, 3)] {
        let mut engine = engine();
        let associations = [associate(&mut engine), associate(&mut engine)];
        let mut now = NOW;
        for n in 0..200 {
            let port = 7_000 + n as u16 % ports;
            install(&mut engine, associations[n % 2], 100 * (n as u32 % 2) + n as u32 % indices, port);
            assert_exact(&engine);
            if n % 30 == 0 {
                now = now.plus_micros(300_000);
                engine.handle_timeout(now);
                assert_exact(&engine);
            }
        }
        assert!(dropped(&mut engine) > 100);
        for association in associations {
            engine.drop_association(association);
        }
        assert!(engine.remotes.owners.is_empty());
    }
}

#[test]
fn a_session_on_trial_takes_no_name_from_another_association() {
    let mut engine = engine();
    let (victim, claimant) = (associate(&mut engine), associate(&mut engine));
    install(&mut engine, victim, 77, 7_400);
    install_session(&mut engine, claimant, (77, 7_400), false);
    let victims = Some(victim);
    let remote = ([192, 0, 2, 1], 7_400).into();
    assert_eq!(engine.remotes.find(remote, 77), victims);
    engine.handle_timeout(NOW.plus_micros(15_000_000));
    assert_eq!(dropped(&mut engine), 1);
    assert_eq!(engine.remotes.find(remote, 77), victims);
    assert_exact(&engine);
}

#[test]
fn a_session_has_its_name_from_its_confirmation_on() {
    // The first packet comes from where the call came from, or from elsewhere: that counts.
    for remote in [([192, 0, 2, 1], 7_400), ([192, 0, 2, 2], 7_401)] {
        let (mut caller, mut called) = (engine(), engine());
        let (at_caller, at_called) = (associate(&mut caller), associate(&mut called));
        let answering = install_session(&mut called, at_called, (77, 7_400), false);
        install(&mut caller, at_caller, answering, 7_500);
        assert!(called.remotes.owners.is_empty());
        caller.ping(NOW, at_caller, 1);
        let mut packet = vec![0; 65_536];
        let sent = caller.poll_transmit(NOW, &mut packet).unwrap();
        let path = Path { socket: 0, remote: remote.into(), local: None, interface: 0 };
        let meta = ReceiveMeta { path, ecn: Ecn::NotEct, segment_size: 0 };
        assert!(called.handle_train(NOW, &meta, &mut packet[..sent.len]));
        assert_eq!(called.remotes.find(path.remote, 77), Some(at_called));
        assert_exact(&called);
    }
}
