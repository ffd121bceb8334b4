//! What a sent packet carried, as far as its fate matters to anybody.

/// One frame of a sent packet. Carries no data: what was lost is fetched again from whoever owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SentFrame {
    /// Bytes of a stream.
    Stream {
        /// Stream handle.
        handle: u32,
        /// Of the first byte.
        offset: u64,
        /// Bytes; 0 only for a bare end.
        len: u16,
        /// Whether it said that the stream ends after these bytes.
        fin: bool,
    },
    /// The opening of a stream.
    Open {
        /// Stream handle.
        handle: u32,
    },
    /// This end's sending was given up.
    ResetStream {
        /// Stream handle.
        handle: u32,
    },
    /// This end reads no more.
    Stop {
        /// Stream handle.
        handle: u32,
    },
    /// The question what became of a message.
    Expire {
        /// Stream handle.
        handle: u32,
        /// Where the message begins in the send buffer.
        start: u64,
    },
    /// The answer to one.
    ExpireReply {
        /// Stream handle.
        handle: u32,
        /// Of the message's place.
        offset: u64,
        /// Whether it was dropped.
        dropped: bool,
    },
    /// Association credit.
    MaxData,
    /// Stream credit.
    MaxStreamData {
        /// Stream handle.
        handle: u32,
    },
    /// Streams that the peer may open.
    MaxStreams,
    /// A PING that goes so far and no farther.
    Trace {
        /// Which one.
        serial: u32,
    },
    /// An acknowledgement.
    Ack {
        /// The largest packet number that it named.
        largest: u64,
    },
    /// A PING.
    Ping {
        /// Which one.
        serial: u32,
    },
    /// No new streams, please.
    Drain,
}

impl SentFrame {
    /// The handle of the stream that the frame is about.
    pub(crate) const fn stream(&self) -> Option<u32> {
        match *self {
            Self::Stream { handle, .. } | Self::Open { handle } | Self::ResetStream { handle } => {
                Some(handle)
            }
            Self::Stop { handle } | Self::Expire { handle, .. } => Some(handle),
            Self::ExpireReply { handle, .. } | Self::MaxStreamData { handle } => Some(handle),
            _ => None,
        }
    }
}

const _: () = assert!(size_of::<SentFrame>() <= 16, "millions of these are recorded a second");

/// The frames of the packet being built, in a fixed place: nothing is allocated for them.
#[derive(Debug)]
pub(crate) struct FrameLog {
    frames: [SentFrame; FrameLog::CAPACITY],
    len: usize,
}

impl FrameLog {
    /// Frames that one packet records at most: a packet of 1200 bytes with 32 small writes of different streams is full anyway.
    pub(crate) const CAPACITY: usize = 40;

    /// An empty log.
    pub(crate) const fn new() -> Self {
        Self { frames: [SentFrame::MaxData; Self::CAPACITY], len: 0 }
    }

    /// Frames that can still be recorded. Whoever writes a frame asks first.
    #[inline]
    pub(crate) const fn room(&self) -> usize {
        Self::CAPACITY - self.len
    }

    /// Records a frame. A full log must not be pushed to: the frame's fate would never be told.
    #[inline]
    pub(crate) fn push(&mut self, frame: SentFrame) {
        debug_assert!(self.room() > 0, "ask for room before writing a frame");
        if let Some(slot) = self.frames.get_mut(self.len) {
            *slot = frame;
            self.len += 1;
        }
    }

    /// The frames in the order that they were written.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[SentFrame] {
        &self.frames[..self.len]
    }
}
