//! What an engine tells the layer above.

use crate::association::TraceAnswer;
use crate::path::Path;
use crate::stream::StreamEvent;
use osier_wire::{CloseCode, RouteFault, RouteId};

/// Something that the layer above should know. Handles may be dead by the time it is read.
#[derive(Debug)]
pub enum Event {
    /// A handshake message that passed mac1, or a cookie reply.
    Handshake {
        /// The reserved index that it answers; `None` for a first message.
        local_index: Option<u32>,
        /// Which of the admission keys matched; 0 for an answer.
        admission_key: usize,
        /// Its mac2 shows that its sender is at the address that it came from.
        proven: bool,
        /// Where it came from.
        path: Path,
        /// The whole datagram.
        datagram: Vec<u8>,
    },
    /// The first packet under a responder's session was authentic.
    SessionConfirmed {
        /// Association handle.
        association: u32,
        /// The session's receiver index at this end.
        local_index: u32,
    },
    /// A session ended without its association.
    SessionDropped {
        /// Association handle.
        association: u32,
        /// The session's receiver index at this end.
        local_index: u32,
    },
    /// Something about a stream.
    Stream {
        /// Association handle.
        association: u32,
        /// What happened.
        event: StreamEvent,
    },
    /// The association ended; its handle and all its streams' are dead.
    AssociationClosed {
        /// Association handle.
        association: u32,
        /// Why.
        cause: CloseCause,
    },
    /// A PING was acknowledged.
    Pong {
        /// Association handle.
        association: u32,
        /// As given to `ping`.
        token: u32,
        /// From the first transmission to the acknowledgement.
        rtt_micros: u64,
    },
    /// The peer says that it does not know a session. A hint: nothing was torn down.
    ResetHint {
        /// Association handle.
        association: u32,
    },
    /// An unauthenticated refusal of a handshake.
    RefusalHint {
        /// The reserved index whose message was refused.
        local_index: u32,
        /// What it says.
        kind: RefusalKind,
    },
    /// The association's packets go another way: the peer has moved, or a later handshake took another path.
    PathChanged {
        /// Association handle.
        association: u32,
        /// Where they went.
        from: Path,
        /// Where they go now.
        to: Path,
    },
    /// What came of [`Engine::probe_path`](crate::Engine::probe_path).
    PathProbed {
        /// Association handle.
        association: u32,
        /// As given to it.
        token: u32,
        /// From the question to its answer; `None`: nobody answered.
        rtt_micros: Option<u64>,
    },
    /// Somebody on the way of a relayed path said who it is.
    TraceAnswered {
        /// Association handle.
        association: u32,
        /// Who, and how soon.
        answer: TraceAnswer,
    },
    /// The other end of the present path does not answer. Told once, until [`Event::HopRecovered`].
    HopSuspected {
        /// Association handle.
        association: u32,
        /// How long it left a question unanswered.
        silent_micros: u64,
    },
    /// A suspected end is there again, on the present path. [`Engine::move_path`](crate::Engine::move_path) ends a suspicion without this.
    HopRecovered {
        /// Association handle.
        association: u32,
    },
    /// The peer takes no new streams.
    PeerDraining {
        /// Association handle.
        association: u32,
    },
    /// Something that this node sent on a relayed path was not passed on. A hint, unless this node itself says so.
    RouteError {
        /// Why.
        fault: RouteFault,
        /// Where it was to go.
        destination: RouteId,
        /// Who says so.
        reporter: RouteId,
    },
}

/// Why a handshake was refused, as far as an answer in clear can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The peer speaks other versions.
    Version,
    /// The peer has too many handshakes at once.
    Busy,
}

/// Why an association ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// The peer sent CLOSE.
    Remote {
        /// Close code as on the wire.
        code: CloseCode,
        /// At most 256 bytes.
        reason: String,
    },
    /// No streams and no packets for the idle time-out.
    Idle,
    /// What was sent stayed unanswered.
    PeerLost {
        /// How long.
        silent_micros: u64,
    },
    /// The peer broke the protocol after authentication.
    Protocol {
        /// Which rule.
        rule: &'static str,
    },
}
