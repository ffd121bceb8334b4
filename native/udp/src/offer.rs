//! Offering messages to the kernel, whose refusal may be of these or of earlier ones.

use std::io;
use std::os::fd::AsRawFd;

use crate::error_class::is_report;
use crate::error_queue::QueuedError;
use crate::network_report::NetworkReport;
use crate::send_queue::SendQueue;
use crate::socket::UdpSocket;

/// Times that a message is offered while the call returns what may be the network's word on an earlier one: anybody can have it say something.
const OFFERS_MAX: u32 = 4;
/// Reports that wait for [`UdpSocket::take_reports`]; what comes on top is left to loss detection.
const REPORTS_MAX: usize = 64;
/// Entries of the error queue that are read for one message.
const QUEUED_ERRORS_MAX: usize = 256;

/// Why the kernel took no message.
pub(crate) struct Refusal {
    pub(crate) error: io::Error,
    /// The first datagram is longer than this machine's own interface carries.
    pub(crate) is_too_long: bool,
}

impl UdpSocket {
    /// Submits the messages, again while the error may be a report of an earlier one; returns how many the kernel took.
    ///
    /// # Safety
    /// The bytes of every message must still be there.
    pub(crate) unsafe fn offer(&mut self, queue: &SendQueue) -> Result<usize, Refusal> {
        let mut offers = 0;
        loop {
            offers += 1;
            // SAFETY: the caller's promise.
            match unsafe { self.scratch.submit(self.as_raw_fd()) } {
                Ok(sent) => return Ok(sent),
                Err(error) => {
                    let is_too_long =
                        error.raw_os_error() == Some(libc::EMSGSIZE) && self.is_head_too_long(queue);
                    if is_too_long || !is_report(&error) || offers == OFFERS_MAX {
                        return Err(Refusal { error, is_too_long });
                    }
                }
            }
        }
    }

    /// Whether this machine itself refused the first datagram for its length: EMSGSIZE alone may be about any other. Empties the error queue.
    fn is_head_too_long(&mut self, queue: &SendQueue) -> bool {
        let Some((train, bytes)) = queue.pending(0) else { return false };
        let length = bytes.len().min(train.segment_size);
        let headers = if train.route.remote.ip().to_canonical().is_ipv4() { 28 } else { 48 };
        let mut is_too_long = false;
        for _ in 0..QUEUED_ERRORS_MAX {
            match self.next_queued_error() {
                Ok(QueuedError::Network(report)) => self.keep_report(report),
                Ok(QueuedError::TooLongHere { mtu }) => is_too_long |= length + headers > mtu,
                Ok(QueuedError::Other) => {}
                Err(_) => break,
            }
        }
        is_too_long
    }

    pub(crate) fn keep_report(&mut self, report: NetworkReport) {
        if self.reports.len() < REPORTS_MAX {
            self.reports.push(report);
        }
    }
}
