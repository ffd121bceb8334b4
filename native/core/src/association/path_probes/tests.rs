use super::*;

const WAIT: u64 = 50_000;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn path(port: u16) -> Path {
    Path { socket: 0, remote: ([192, 0, 2, 1], port).into(), local: None, interface: 0 }
}

fn asking(candidates: u16, wait_micros: u64) -> PathProbes {
    let (mut probes, mut entropy) = (PathProbes::default(), Entropy::new([7; 32]));
    for port in 0..candidates {
        assert!(probes.request(at(0), (path(port), port.into()), wait_micros, &mut entropy));
    }
    probes
}

fn sent(probes: &mut PathProbes, micros: u64) -> Vec<(Path, [u8; 8])> {
    std::iter::from_fn(|| probes.poll_send(at(micros))).collect()
}

fn outcomes(probes: &mut PathProbes) -> Vec<(u32, Option<u64>)> {
    std::iter::from_fn(|| probes.poll_outcome()).map(|told| (told.token, told.rtt_micros)).collect()
}

#[test]
fn a_candidate_that_answers_is_told_once_with_its_round_trip() {
    let mut probes = asking(2, WAIT);
    let asked = sent(&mut probes, 0);
    assert_eq!(asked.iter().map(|(path, _)| path.remote.port()).collect::<Vec<_>>(), [0, 1]);
    assert!(probes.on_response(at(9_000), asked[1].1));
    assert!(!probes.on_response(at(9_500), asked[1].1), "an answer that comes twice");
    assert!(!probes.on_response(at(9_500), [0xee; 8]), "one that nobody asked for");
    assert_eq!(outcomes(&mut probes), [(1, Some(9_000))]);
    assert_eq!((probes.rtt_micros(&path(1)), probes.rtt_micros(&path(0))), (Some(9_000), None));
}

#[test]
fn a_candidate_that_does_not_answer_is_asked_three_times_and_then_told() {
    for (wait_micros, interval_micros) in [(WAIT, WAIT), (1_000, PATH_PROBE_INTERVAL_MIN_MICROS)] {
        let mut probes = asking(1, wait_micros);
        let mut asked_at = Vec::new();
        let mut now = 0;
        let told_at = loop {
            asked_at.extend(sent(&mut probes, now).iter().map(|_| now));
            now = probes.deadline().unwrap().as_micros();
            probes.on_timeout(at(now - 1));
            assert!(!probes.wants_to_send() && outcomes(&mut probes).is_empty(), "not before its time");
            probes.on_timeout(at(now));
            if !probes.wants_to_send() {
                break now;
            }
        };
        assert_eq!(asked_at, [0, interval_micros, 2 * interval_micros]);
        assert_eq!(
            told_at,
            2 * interval_micros + INITIAL_PTO_MICROS,
            "it may be far slower than the present path"
        );
        assert_eq!(outcomes(&mut probes), [(0, None)]);
        assert!(probes.is_idle() && probes.deadline().is_none());
    }
}

#[test]
fn an_answer_tells_the_round_trip_of_the_attempt_that_it_answers() {
    let mut probes = asking(1, WAIT);
    sent(&mut probes, 0);
    probes.on_timeout(at(WAIT));
    let second = sent(&mut probes, WAIT);
    assert!(probes.on_response(at(WAIT + 3_000), second[0].1));
    assert_eq!(outcomes(&mut probes), [(0, Some(3_000))]);
}

#[test]
fn sixteen_candidates_are_asked_at_once_and_no_more() {
    let mut probes = asking(PATH_PROBES_MAX as u16, WAIT);
    let mut entropy = Entropy::new([8; 32]);
    assert!(!probes.request(at(0), (path(99), 99), WAIT, &mut entropy));
    let asked = sent(&mut probes, 0);
    assert_eq!(asked.len(), 16);
    probes.on_response(at(1), asked[5].1);
    assert!(probes.request(at(1), (path(99), 99), WAIT, &mut entropy), "one that answered makes room");
}

#[test]
fn of_many_that_answered_the_newest_round_trips_are_kept() {
    let (mut probes, mut entropy) = (PathProbes::default(), Entropy::new([7; 32]));
    for port in 0..3 * PATH_PROBES_MAX as u16 {
        probes.request(at(0), (path(port), 0), WAIT, &mut entropy);
        let asked = sent(&mut probes, 0);
        probes.on_response(at(u64::from(port)), asked[0].1);
    }
    assert_eq!(probes.measured.len(), PATH_PROBES_MAX);
    assert_eq!(probes.rtt_micros(&path(47)), Some(47));
}
