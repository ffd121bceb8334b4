//! What becomes of the frames that were sent, told to whoever owns what they carried.

use super::pings::Pings;
use super::traces::Traces;
use super::{Association, Drain};
use crate::path_control::PathControl;
use crate::received_packets::ReceivedPackets;
use crate::recovery::{FrameFate, Recovery};
use crate::sent_frame::SentFrame;
use crate::stream::Streams;
use crate::time::Instant;
use osier_wire::RouteId;

/// Where the fate of sent frames is told.
pub(super) struct Fate<'a> {
    now: Instant,
    streams: &'a mut Streams,
    pings: &'a mut Pings,
    received: &'a mut ReceivedPackets,
    drain: &'a mut Drain,
    traces: Option<&'a mut Traces>,
    far: Option<RouteId>,
}

impl FrameFate<SentFrame> for Fate<'_> {
    fn acknowledged(&mut self, frame: &SentFrame) {
        match frame {
            SentFrame::Ack { largest } => self.received.on_ack_acknowledged(*largest),
            SentFrame::Ping { serial } => self.pings.on_acknowledged(*serial),
            SentFrame::Drain => {}
            SentFrame::Trace { serial } => {
                if let (Some(traces), Some(far)) = (&mut self.traces, self.far) {
                    traces.on_acknowledged(self.now, *serial, far);
                }
            }
            _ => self.streams.on_acknowledged(self.now, frame),
        }
    }

    fn probed(&mut self, frame: &SentFrame) {
        if !self.streams.is_one_shot(frame) {
            self.lost(frame, false);
        }
    }

    fn lost(&mut self, frame: &SentFrame, was_probed: bool) {
        match frame {
            _ if was_probed && !self.streams.is_one_shot(frame) => {}
            SentFrame::Ack { .. } | SentFrame::Trace { .. } => {}
            SentFrame::Ping { .. } => self.pings.on_lost(),
            SentFrame::Drain => *self.drain = Drain::Owed,
            _ => self.streams.on_lost(frame),
        }
    }
}

impl Association {
    /// Recovery, the path that it works on, and where it tells what becomes of frames.
    pub(super) fn recovery_parts(
        &mut self,
        now: Instant,
    ) -> (&mut Recovery<SentFrame>, &mut PathControl, Fate<'_>) {
        let fate = Fate {
            now,
            streams: &mut self.streams,
            pings: &mut self.pings,
            received: &mut self.received,
            drain: &mut self.drain,
            traces: self.traces.as_deref_mut(),
            far: self.relayed.peer().or_else(|| self.path.relay().map(|way| way.far)),
        };
        (&mut self.recovery, &mut self.control, fate)
    }
}
