//! One association: streams, credit, the packet-number space and recovery between two instances.
//!
//! ```text
//!  Open --close()/violation--> Closing (answers packets with CLOSE) --3 PTO--> over
//!    \----CLOSE received-----> Draining (silent) ---------------------3 PTO--> over
//!     \---idle, peer lost----> over
//! ```

mod fate;
mod lifetime;
mod liveness;
mod mtu_probe;
mod network_reports;
mod packet_numbers;
mod path_packets;
mod path_policy;
mod path_probes;
mod path_validation;
mod pings;
mod receive;
mod relayed;
mod session_set;
mod timer_table;
mod traces;
mod transmit;

use crate::config::{AssociationConfig, EngineConfig};
use crate::event::CloseCause;
use crate::path::Path;
use crate::path_control::PathControl;
use crate::received_packets::ReceivedPackets;
use crate::recovery::Recovery;
use crate::replay_window::ReplayWindow;
use crate::sent_frame::SentFrame;
use crate::stream::{
    BlockSource, LocalCredit, MemoryBudget, PeerCredit, StreamEvent, Streams, StreamsConfig,
};
use crate::time::Instant;
pub(crate) use liveness::HopChange;
use liveness::Liveness;
use osier_wire::limits::MAX_MESSAGE_BYTES;
use osier_wire::CloseCode;
use packet_numbers::PacketNumbers;
pub(crate) use path_packets::PathChange;
use path_packets::PathResponses;
use path_probes::PathProbes;
pub(crate) use path_probes::ProbeOutcome;
use path_validation::PathValidation;
use pings::Pings;
pub(crate) use receive::Arrival;
use relayed::Relayed;
pub(crate) use session_set::DroppedSession;
pub use session_set::SessionConfig;
use session_set::SessionSet;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use timer_table::{Timer, TimerTable};
pub use traces::TraceAnswer;
use traces::Traces;
pub use transmit::{Transmit, TRAIN_BYTES_MAX};
pub(crate) use transmit::{OVERHEAD as DATA_OVERHEAD_BYTES, TRAIN_PACKETS_MAX};

/// What authenticated processing of one packet led to, beside changes inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Nothing that concerns the caller.
    Processed,
    /// It was the first authentic packet under a responder's session.
    Confirmed {
        /// That session's receiver index at this end.
        local_index: u32,
    },
}

/// Why a packet was dropped without moving any state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// Its number was seen before or is too old.
    Replayed,
    /// It failed authentication.
    Unauthentic,
}

/// Counters of one association since its start.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssociationCounters {
    /// Packets sent.
    pub packets_sent: u64,
    /// Authentic packets received.
    pub packets_received: u64,
    /// UDP payload bytes sent.
    pub bytes_sent: u64,
    /// UDP payload bytes of authentic packets received.
    pub bytes_received: u64,
    /// Packets declared lost.
    pub packets_lost: u64,
    /// Packets, sent or received, with something of the application's: more than acknowledgements, probes and what keeps the association.
    pub packets_in_use: u64,
}

/// Where packets would go before the first session is installed: nowhere.
const UNKNOWN_PATH: Path = Path {
    socket: 0,
    remote: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
    local: None,
    interface: 0,
};

enum Phase {
    Open,
    Closing { code: CloseCode, reason: String, owed: bool, answered: u32, seen: u32 },
    Draining,
    Over,
}

/// DRAIN is sent until it is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drain {
    NotAsked,
    Owed,
    Sent,
}

/// See the file's head.
pub(crate) struct Association {
    pub(crate) streams: Streams,
    pub(crate) sessions: SessionSet,
    pub(crate) counters: AssociationCounters,
    /// Whether the engine's transmit queue holds this association.
    pub(crate) queued: bool,
    /// Whether the engine's event queue holds it.
    pub(crate) eventful: bool,
    /// Its end was put behind all other events.
    pub(crate) tells_cause_last: bool,
    /// The earliest deadline that the engine's timer queue holds for it.
    pub(crate) scheduled: Option<Instant>,
    /// When a RESET hint was last told.
    pub(crate) reset_hinted_at: Option<Instant>,
    /// When the peer was last asked because the network called it unreachable.
    unreachable_at: Option<Instant>,
    path: Path,
    control: PathControl,
    replay: ReplayWindow,
    received: ReceivedPackets,
    /// Whether recovery holds memory that an idle association can do without.
    grown: bool,
    recovery: Recovery<SentFrame>,
    pings: Pings,
    timers: TimerTable,
    phase: Phase,
    numbers: PacketNumbers,
    drain: Drain,
    peer_draining: bool,
    responses: PathResponses,
    validation: PathValidation,
    path_change: Option<PathChange>,
    /// The layer above has chosen the path: a later handshake leaves it.
    path_is_chosen: bool,
    /// On the heap, as what follows: few associations have any.
    path_probes: Option<Box<PathProbes>>,
    liveness: Option<Box<Liveness>>,
    traces: Option<Box<Traces>>,
    relayed: Relayed,
    last_activity: Instant,
    /// When the last authentic packet came, or the last session began.
    heard_at: Instant,
    unanswered_since: Option<Instant>,
    cause: Option<CloseCause>,
    idle_timeout_micros: u64,
    peer_lost_after_micros: u64,
    keep_alive_micros: u64,
}

impl Association {
    pub(crate) fn new(
        now: Instant,
        engine: &EngineConfig,
        config: &AssociationConfig,
        budget: Rc<MemoryBudget>,
        blocks: Rc<RefCell<dyn BlockSource>>,
    ) -> Self {
        let streams = Streams::new(streams_config(engine, config), budget, blocks);
        Self {
            streams,
            sessions: SessionSet::default(),
            counters: AssociationCounters::default(),
            queued: false,
            eventful: false,
            tells_cause_last: false,
            scheduled: None,
            reset_hinted_at: None,
            unreachable_at: None,
            path: UNKNOWN_PATH,
            control: PathControl::new(0, engine.mtu_bytes, engine.congestion)
                .probing_up_to(engine.mtu_ceiling_bytes),
            replay: ReplayWindow::new(),
            received: ReceivedPackets::new(),
            grown: false,
            recovery: Recovery::new(engine.first_packet_number)
                .of_peer_lost_after(engine.peer_lost_after_micros),
            pings: Pings::default(),
            timers: TimerTable::default(),
            phase: Phase::Open,
            numbers: PacketNumbers::starting_at(engine.first_packet_number),
            drain: Drain::NotAsked,
            peer_draining: false,
            responses: PathResponses::default(),
            validation: PathValidation::default(),
            path_change: None,
            path_is_chosen: false,
            path_probes: None,
            liveness: None,
            traces: None,
            relayed: Relayed::new(engine, config),
            last_activity: now,
            heard_at: now,
            unanswered_since: None,
            cause: None,
            idle_timeout_micros: engine.idle_timeout_micros,
            peer_lost_after_micros: engine.peer_lost_after_micros,
            keep_alive_micros: engine.keep_alive_micros,
        }
    }

    /// Adds a session. A confirmed one sends a PING at once: the peer's confirmation of the key.
    /// Returns a session that had to give way.
    pub(crate) fn install_session(&mut self, now: Instant, config: &SessionConfig) -> Option<DroppedSession> {
        if self.path == UNKNOWN_PATH {
            self.begin_at(config.path);
        }
        let evicted = self.sessions.install(now, config, self.linger_micros());
        if config.confirmed {
            if self.path_is_chosen {
                self.sessions.place(config.local_index, self.path);
            } else {
                self.take_path(now, config.path);
            }
            self.pings.request_probe();
        }
        self.last_activity = now;
        self.heard_at = now;
        self.update_timers(now);
        evicted
    }

    /// The packet number that the next packet takes.
    pub(crate) fn next_packet_number(&self) -> u64 {
        self.numbers.next()
    }

    /// Asks for a PING whose acknowledgement is told under `token`.
    pub(crate) fn ping(&mut self, token: u32) {
        self.pings.request(token);
    }

    /// The next answered ping: its token and when it was first sent.
    pub(crate) fn poll_pong(&mut self) -> Option<(u32, Instant)> {
        self.pings.poll_answer()
    }

    /// Whether [`Association::poll_stream_event`] or [`Association::poll_cause`] has something to tell.
    pub(crate) fn has_events(&self) -> bool {
        self.cause.is_some() || (self.is_open() && self.streams.has_events())
    }

    /// The next event of a stream; none once the end of the association was told.
    pub(crate) fn poll_stream_event(&mut self) -> Option<StreamEvent> {
        if self.is_open() || self.cause.is_some() {
            self.streams.poll_event()
        } else {
            None
        }
    }

    /// Asks the peer to open no new streams.
    pub(crate) fn drain(&mut self) {
        if self.drain == Drain::NotAsked {
            self.drain = Drain::Owed;
        }
    }

    /// Where new packets go.
    pub(crate) fn path(&self) -> Path {
        self.path
    }

    /// Congestion state of the present path.
    pub(crate) fn control(&self) -> &PathControl {
        &self.control
    }

    /// Whether `packet_number` was sent and a RESET that echoes it may be believed.
    pub(crate) fn may_have_sent(&self, packet_number: u64) -> bool {
        packet_number < self.numbers.next()
    }

    fn linger_micros(&self) -> u64 {
        3 * self.control.rtt.pto_micros()
    }
}

/// The windows of one association may together grow to one and a half times one stream's.
fn streams_config(engine: &EngineConfig, config: &AssociationConfig) -> StreamsConfig {
    StreamsConfig {
        parity: config.parity,
        peer: PeerCredit {
            max_data: config.peer_max_data,
            max_stream_data: config.peer_max_stream_data,
            max_streams: config.peer_max_streams,
        },
        local: LocalCredit {
            initial_max_data: engine.initial_data_bytes,
            initial_max_stream_data: engine.initial_stream_data_bytes,
            max_streams: engine.streams_per_peer,
            stream_window_cap: engine.stream_window_bytes,
            association_window_cap: engine.stream_window_bytes.saturating_mul(3) / 2,
        },
        send_buffer_cap: engine.stream_window_bytes,
        message_bytes: engine.message_bytes.min(MAX_MESSAGE_BYTES),
    }
}
