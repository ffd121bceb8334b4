//! What follows from events that the layer above fetches late: grants, timers, and the end of an association.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, CloseCause, CloseCode, EngineConfig, Event, OpenRequest, StreamEvent, StreamKind};
use osier_sim::{HostId, LinkConfig, Network};

const SECOND: u64 = 1_000_000;

struct Ends {
    net: Network,
    a: (HostId, u32),
    b: (HostId, u32),
}

impl Ends {
    fn new(seed: u64, config: EngineConfig) -> Self {
        let mut net = Network::new(seed);
        let (a, b) = (net.add_host(config.clone()), net.add_host(config));
        let link = LinkConfig { delay_micros: 1_000, ..LinkConfig::default() };
        net.set_link(a, b, link.clone());
        net.set_link(b, a, link);
        let (handle_a, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
        let mut ends = Self { net, a: (a, handle_a), b: (b, handle_b) };
        ends.run_for(SECOND);
        ends
    }

    fn run_for(&mut self, micros: u64) {
        let until = self.net.now().plus_micros(micros);
        while self.net.step(until) {}
    }

    /// Fetches every event of one end, and sends what follows from that.
    fn events(&mut self, host: HostId) -> Vec<Event> {
        let events = std::iter::from_fn(|| self.net.engine(host).poll_event()).collect();
        self.net.flush(host);
        events
    }

    fn open(&mut self) -> Option<u32> {
        let (now, (host, association)) = (self.net.now(), self.a);
        let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "test", metadata: b"" };
        let stream = self.net.engine(host).open_stream(now, association, &request).unwrap().ok();
        self.net.flush(host);
        stream
    }

    fn finish(&mut self, (host, association): (HostId, u32), stream: u32) {
        let now = self.net.now();
        self.net.engine(host).finish(now, association, stream).unwrap();
        self.net.flush(host);
    }

    /// Opens a stream and ends both its directions; the last packets of both ends hold nothing but acknowledgements.
    fn open_and_end(&mut self) {
        let stream = self.open().unwrap();
        self.finish(self.a, stream);
        self.run_for(SECOND / 10);
        let opened = self.events(self.b.0).into_iter().find_map(|event| match event {
            Event::Stream { event: StreamEvent::Opened { handle, .. }, .. } => Some(handle),
            _ => None,
        });
        self.finish(self.b, opened.unwrap());
        self.run_for(SECOND / 10);
    }
}

#[test]
fn the_grant_for_a_stream_whose_end_was_fetched_late_is_sent() {
    let mut ends = Ends::new(1, EngineConfig { streams_per_peer: 1, ..EngineConfig::default() });
    for _ in 0..20 {
        ends.open_and_end();
        assert!(ends.open().is_none(), "the peer has not granted another stream yet");
        ends.events(ends.a.0);
        ends.events(ends.b.0);
        ends.run_for(SECOND / 10);
        let told = ends.events(ends.a.0);
        let more = |event: &Event| matches!(event, Event::Stream { event: StreamEvent::MoreStreams, .. });
        assert!(told.iter().any(more), "{told:?}");
    }
}

#[test]
fn an_association_whose_streams_have_all_ended_ends_by_idleness_when_its_peer_is_gone() {
    let mut ends = Ends::new(2, EngineConfig { idle_timeout_micros: 5 * SECOND, ..EngineConfig::default() });
    ends.open_and_end();
    ends.net.engine(ends.a.0).drop_association(ends.a.1);
    ends.events(ends.b.0);
    ends.run_for(20 * SECOND);
    let told = ends.events(ends.b.0);
    let idle = |event: &Event| matches!(event, Event::AssociationClosed { cause: CloseCause::Idle, .. });
    assert!(told.iter().any(idle), "{told:?}");
}

#[test]
fn what_came_before_the_close_can_be_read_however_late() {
    let mut ends = Ends::new(3, EngineConfig::default());
    let stream = ends.open().unwrap();
    let now = ends.net.now();
    ends.net.engine(ends.a.0).write(now, ends.a.1, stream, b"all of it").unwrap();
    ends.finish(ends.a, stream);
    ends.net.engine(ends.a.0).close_association(now, ends.a.1, CloseCode::Normal, "");
    ends.net.flush(ends.a.0);
    // Far longer than three probe time-outs.
    ends.run_for(20 * SECOND);
    let (host, association) = ends.b;
    let told = std::iter::from_fn(|| ends.net.engine(host).poll_event()).collect::<Vec<_>>();
    let readable = told.iter().find_map(|event| match event {
        Event::Stream { event: StreamEvent::Readable { handle, bytes: 9, end: true }, .. } => Some(*handle),
        _ => None,
    });
    assert!(matches!(told.last(), Some(Event::AssociationClosed { .. })), "{told:?}");
    let mut bytes = [0; 9];
    let now = ends.net.now();
    let outcome = ends.net.engine(host).read(now, association, readable.unwrap(), &mut bytes).unwrap();
    assert_eq!((outcome.bytes, &bytes), (9, b"all of it"));
    ends.net.flush(host);
    assert!(ends.net.engine(host).association_stats(association).is_none(), "it is gone after that");
}

#[test]
fn an_answered_ping_is_told_before_the_end_of_the_association() {
    let mut ends = Ends::new(4, EngineConfig::default());
    let (host, association) = ends.b;
    ends.open().unwrap();
    ends.run_for(SECOND / 10);
    let now = ends.net.now();
    ends.net.engine(host).ping(now, association, 7);
    ends.net.flush(host);
    ends.run_for(SECOND / 10);
    let now = ends.net.now();
    ends.net.engine(ends.a.0).close_association(now, ends.a.1, CloseCode::Normal, "");
    ends.net.flush(ends.a.0);
    ends.run_for(SECOND / 10);
    let told = ends.events(host);
    let pong = told.iter().position(|event| matches!(event, Event::Pong { token: 7, .. }));
    let closed = told.iter().position(|event| matches!(event, Event::AssociationClosed { .. }));
    assert!(pong.is_some() && pong < closed, "{told:?}");
}
