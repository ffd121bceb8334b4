//! Sending: trains go as one message each (GSO) where the path takes them, as single datagrams elsewhere; many messages go in one `sendmmsg`.

use std::io;
use std::mem;
use std::os::fd::AsRawFd;

use crate::control_message::{write_control, ControlBuffer, SEND_CONTROL_BYTES};
use crate::error_class::{classify, ErrorClass};
use crate::features::FeatureName;
use crate::message_calls::SendMessages;
use crate::network_report::{NetworkReport, ReportKind};
use crate::offer::Refusal;
use crate::route::{Ecn, Route};
use crate::send_queue::{QueuedTrain, SendOutcome, SendQueue, MAX_TRAIN_BYTES, MAX_TRAIN_SEGMENTS};
use crate::socket::UdpSocket;
use crate::socket_address::{empty_name, write_name, Family};

/// Messages of one `sendmmsg`.
const MESSAGES: usize = 64;

/// Memory for the messages of one system call, and the call itself: tests put a refusing kernel in its place.
pub(crate) struct SendScratch {
    names: [libc::sockaddr_storage; MESSAGES],
    controls: [ControlBuffer<SEND_CONTROL_BYTES>; MESSAGES],
    parts: [libc::iovec; MESSAGES],
    messages: [libc::mmsghdr; MESSAGES],
    /// Payload bytes of each message.
    lengths: [usize; MESSAGES],
    count: usize,
    /// Whether the kernel has to be told which address to send from: a socket bound to one address has no choice.
    names_source: bool,
    pub(crate) send_messages: SendMessages,
}

impl SendScratch {
    pub(crate) fn new(names_source: bool, send_messages: SendMessages) -> Box<Self> {
        Box::new(Self {
            names: [empty_name(); MESSAGES],
            controls: [ControlBuffer([0; SEND_CONTROL_BYTES]); MESSAGES],
            parts: [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; MESSAGES],
            // SAFETY: mmsghdr is plain data for which zero bytes are a valid value.
            messages: unsafe { mem::zeroed() },
            lengths: [0; MESSAGES],
            count: 0,
            names_source,
            send_messages,
        })
    }

    /// Adds one message of `bytes`, which the kernel is to cut into datagrams of `segment_size`, or not at all; false when there is no room for more. A peer that the socket cannot name gets an empty name, which the kernel refuses.
    fn add(
        &mut self,
        family: Family,
        route: &Route,
        ecn: Ecn,
        bytes: &[u8],
        segment_size: Option<usize>,
    ) -> bool {
        let at = self.count;
        if at >= MESSAGES {
            return false;
        }
        let segment_size = segment_size.map(|size| size as u16);
        let source = route.local.filter(|_| self.names_source);
        let route = Route { local: source, ..*route };
        let control = write_control(&mut self.controls[at], family, &route, ecn, segment_size);
        let name_length = write_name(route.remote, family, &mut self.names[at]).unwrap_or(1);
        self.parts[at] = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let header = &mut self.messages[at].msg_hdr;
        header.msg_name = std::ptr::from_mut(&mut self.names[at]).cast();
        header.msg_namelen = name_length;
        header.msg_iov = &mut self.parts[at];
        header.msg_iovlen = 1;
        header.msg_control =
            if control == 0 { std::ptr::null_mut() } else { self.controls[at].0.as_mut_ptr().cast() };
        header.msg_controllen = control as _;
        header.msg_flags = 0;
        self.lengths[at] = bytes.len();
        self.count = at + 1;
        true
    }

    /// Sends the messages; returns how many the kernel took, or the error of the first.
    ///
    /// # Safety
    /// The bytes of every message must still be there.
    pub(crate) unsafe fn submit(&mut self, socket: libc::c_int) -> io::Result<usize> {
        loop {
            // SAFETY: names, controls and parts live in `self`, the bytes by the caller's promise; `count` messages are filled.
            let outcome = unsafe {
                (self.send_messages)(socket, self.messages.as_mut_ptr(), self.count as libc::c_uint)
            };
            if outcome >= 0 {
                return Ok(outcome as usize);
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

impl UdpSocket {
    /// Sends the head of a queue, up to the first train of another socket. A path that refuses segmentation gets the same bytes as single datagrams, now
    /// and from then on. No report of the network ends the socket.
    pub fn send(&mut self, queue: &mut SendQueue) -> SendOutcome {
        let socket = queue.head_socket();
        while socket.is_some() && queue.head_socket() == socket {
            let segmented = self.fill(queue);
            // SAFETY: the messages point into `queue`, which is not touched before `offer` returns.
            match unsafe { self.offer(queue) } {
                Ok(sent) => {
                    for length in self.scratch.lengths.iter().take(sent) {
                        queue.advance(*length);
                    }
                }
                Err(Refusal { error, is_too_long }) => match classify(&error) {
                    ErrorClass::Blocked => return SendOutcome::Blocked,
                    ErrorClass::Fatal => return SendOutcome::Failed(error),
                    ErrorClass::Transient if segmented && !is_too_long && may_be_segmentation(&error) => {
                        if let Some(outcome) = self.retry_without_segmentation(queue, &error) {
                            return outcome;
                        }
                    }
                    ErrorClass::Transient => self.give_up_first(queue, is_too_long),
                },
            }
        }
        SendOutcome::Done
    }

    /// Sends one train out of the caller's memory, whole and in one piece. False: nothing was sent; in a [`SendQueue`] it is sent as can be, and shows why not.
    pub fn send_now(&mut self, route: Route, ecn: Ecn, segment_size: usize, bytes: &[u8]) -> bool {
        let is_train = bytes.len() > segment_size;
        let fits = bytes.len() <= MAX_TRAIN_BYTES && bytes.len() <= segment_size * MAX_TRAIN_SEGMENTS;
        if !fits || bytes.is_empty() || (is_train && !self.segmentation.allows(&route)) {
            return false;
        }
        self.scratch.count = 0;
        self.scratch.add(self.family, &route, ecn, bytes, is_train.then_some(segment_size));
        let socket = self.as_raw_fd();
        // SAFETY: the message points into `bytes`, which outlive the call.
        unsafe { self.scratch.submit(socket) }.is_ok()
    }

    /// Fills the messages from the head of the queue; returns true when the first one is a segmented train.
    fn fill(&mut self, queue: &SendQueue) -> bool {
        self.scratch.count = 0;
        let mut first_is_segmented = false;
        let mut ahead = 0;
        while let Some((train, bytes)) = queue.pending(ahead) {
            let whole = bytes.len() <= train.segment_size;
            let longest = (train.segment_size * MAX_TRAIN_SEGMENTS).min(MAX_TRAIN_BYTES);
            let step = match whole || !self.segmentation.allows(&train.route) {
                true => train.segment_size,
                // A train longer than the kernel takes leaves in several.
                false => longest - longest % train.segment_size,
            };
            for piece in bytes.chunks(step.max(1)) {
                let segmented = piece.len() > train.segment_size;
                first_is_segmented |= self.scratch.count == 0 && segmented;
                let cut = segmented.then_some(train.segment_size);
                if !self.scratch.add(self.family, &train.route, train.ecn, piece, cut) {
                    return first_is_segmented;
                }
            }
            ahead += 1;
        }
        first_is_segmented
    }

    /// The first train was refused, perhaps for being a train: its first datagram alone shows which. Returns an outcome when sending has to stop.
    fn retry_without_segmentation(
        &mut self,
        queue: &mut SendQueue,
        refusal: &io::Error,
    ) -> Option<SendOutcome> {
        let (train, bytes) = queue.pending(0)?;
        let datagram = bytes.get(..train.segment_size)?;
        self.scratch.count = 0;
        self.scratch.add(self.family, &train.route, train.ecn, datagram, None);
        // SAFETY: the message points into `queue`, which is not touched before `offer` returns.
        match unsafe { self.offer(queue) } {
            Ok(_) => {
                if refusal.raw_os_error() != Some(libc::EMSGSIZE) && self.segmentation.refuse(&train.route) {
                    self.report_refusal(&train, refusal);
                }
                queue.advance(train.segment_size);
            }
            Err(Refusal { error, is_too_long }) => match classify(&error) {
                ErrorClass::Blocked => return Some(SendOutcome::Blocked),
                ErrorClass::Fatal => return Some(SendOutcome::Failed(error)),
                // Not for being a train: too long for the interface, say, or from an address that is gone.
                ErrorClass::Transient => self.give_up_first(queue, is_too_long),
            },
        }
        None
    }

    fn report_refusal(&mut self, train: &QueuedTrain, refusal: &io::Error) {
        let reason = format!("gso: off towards {} ({refusal})", train.route.remote.ip());
        if self.segmentation.is_available() {
            self.features.note(reason);
        } else {
            self.features.withdraw(FeatureName::Gso, "gso: off, too many paths refused it".to_owned());
        }
    }

    /// Drops what the first message would have carried; the protocol above resends what matters.
    fn give_up_first(&mut self, queue: &mut SendQueue, is_too_long: bool) {
        let Some((train, bytes)) = queue.pending(0) else { return };
        if is_too_long {
            self.keep_report(NetworkReport::new(ReportKind::TooLong, train.route.remote, bytes));
        }
        let length = if self.segmentation.allows(&train.route) {
            bytes.len()
        } else {
            bytes.len().min(train.segment_size)
        };
        self.datagrams_dropped += length.div_ceil(train.segment_size) as u64;
        queue.advance(length);
    }
}

/// EIO: the interface cannot finish checksums. EINVAL: an old kernel, a tunnel, or a segment above the interface's MTU; a new kernel has EMSGSIZE for
/// that, which is never GSO's fault, but only a single datagram leaves word of it in the error queue.
fn may_be_segmentation(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE))
}
