//! What became of frames that were sent.

use super::entry::{Opening, Stream};
use super::event_queue::EventSort;
use super::send_half::SendProgress;
use super::{Shared, Streams};
use crate::sent_frame::SentFrame;
use crate::time::Instant;

impl Streams {
    /// A packet with `frame` was acknowledged.
    #[inline]
    pub(crate) fn on_acknowledged(&mut self, now: Instant, frame: &SentFrame) {
        match *frame {
            SentFrame::Stream { handle, offset, len, fin } => {
                self.on_data_acknowledged(now, (handle, offset, len, fin))
            }
            SentFrame::Open { handle } => {
                self.change(handle, |stream| {
                    if matches!(stream.opening, Opening::Here { .. }) {
                        stream.opening = Opening::Settled;
                    }
                });
            }
            SentFrame::ResetStream { handle } => {
                self.change(handle, |stream| stream.send.state.on_reset_acknowledged())
            }
            SentFrame::Stop { handle } => {
                self.change(handle, |stream| stream.receive.state.on_stop_acknowledged())
            }
            SentFrame::ExpireReply { handle, offset, dropped } => {
                self.on_reply_acknowledged(handle, offset, dropped);
            }
            _ => {}
        }
    }

    /// Whether what `frame` carried is never sent again: a datagram. Only the fate of its packet settles it.
    pub(crate) fn is_one_shot(&self, frame: &SentFrame) -> bool {
        let SentFrame::Stream { handle, fin: false, .. } = *frame else { return false };
        let contents = self.table.get(handle).and_then(|stream| stream.send.contents.as_ref());
        contents.is_some_and(|contents| contents.one_shot)
    }

    /// A packet with `frame` counts as lost, or is repeated to probe: what still matters of it is to be sent again, grants with
    /// their present value.
    pub(crate) fn on_lost(&mut self, frame: &SentFrame) {
        match *frame {
            SentFrame::Stream { handle, offset, len, fin } => {
                let range = offset..offset + u64::from(len);
                match self.table.get(handle) {
                    Some(stream) if stream.send.contents.is_some() && !fin => {
                        self.on_part_lost(handle, range);
                    }
                    _ => self.change(handle, |stream| stream.send.on_lost(range, fin)),
                }
            }
            SentFrame::Expire { handle, start } => self.change(handle, |stream| {
                if let Some(outbox) = stream.send.outbox_mut() {
                    outbox.on_ask_lost(start);
                }
            }),
            SentFrame::ExpireReply { handle, offset, dropped } => {
                self.on_reply_lost(handle, offset, dropped);
            }
            SentFrame::Open { handle } => self.change(handle, |stream| {
                if let Opening::Here { frame, .. } = &mut stream.opening {
                    frame.on_lost();
                }
            }),
            SentFrame::ResetStream { handle } => self.change(handle, |stream| {
                if let Some((_, delivery)) = stream.send.state.reset_mut() {
                    delivery.on_lost();
                }
            }),
            SentFrame::Stop { handle } => self.change(handle, |stream| {
                if let Some((_, delivery)) = stream.receive.state.stop_mut() {
                    delivery.on_lost();
                }
            }),
            SentFrame::MaxStreamData { handle } => {
                self.change(handle, |stream| stream.receive.on_grant_lost())
            }
            SentFrame::MaxData => self.shared.credit.on_grant_lost(),
            SentFrame::MaxStreams => self.table.on_grant_lost(),
            _ => {}
        }
    }

    #[inline]
    fn on_data_acknowledged(&mut self, now: Instant, (handle, offset, len, fin): (u32, u64, u16, bool)) {
        let Some(stream) = self.table.get_mut(handle) else { return };
        if stream.send.contents.is_some() && !fin {
            return self.on_part_acknowledged(now, handle, offset..offset + u64::from(len));
        }
        let was_urgent = stream.is_urgent();
        let progress = stream.send.on_acknowledged(&self.shared.blocks, offset..offset + u64::from(len), fin);
        self.shared.raise_progress(handle, stream, progress);
        if was_urgent || progress.finished {
            self.settle(handle);
        }
    }

    fn change(&mut self, handle: u32, change: impl FnOnce(&mut Stream)) {
        if let Some(stream) = self.table.get_mut(handle) {
            change(stream);
            self.settle(handle);
        }
    }
}

impl Shared {
    /// Tells what an acknowledgement, or the end of a lifetime, brought the sending half.
    #[inline]
    pub(super) fn raise_progress(&mut self, handle: u32, stream: &mut Stream, progress: SendProgress) {
        if progress.writable {
            self.raise(handle, stream, EventSort::Writable);
        }
        if progress.flushed {
            self.raise(handle, stream, EventSort::Flushed);
        }
        if progress.finished {
            self.raise(handle, stream, EventSort::SendFinished);
        }
    }
}
