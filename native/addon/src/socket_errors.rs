//! What sockets report: errors that end them, errors that pass, and what the network says about datagrams that were sent.

use std::io;

use osier_core::{Engine, Instant};
use osier_udp::{classify, is_report, ErrorClass, NetworkReport, ReportKind};

use crate::driver::{BoundSocket, Driver};

/// Errors in a row, with nothing received between them, after which a socket counts as dead: waiting for it would spin.
const MAX_RECEIVE_ERRORS: u32 = 100;

/// Reports taken in one turn: the rest wakes the loop again, and other handles have their turn between.
const MAX_REPORTS_A_TURN: usize = 64;

impl Driver {
    /// Takes what a socket reports in place of being ready, as far as it does not end the socket. Of what the network says there may be any amount:
    /// anybody can have it say something.
    pub(crate) fn take_socket_error(&mut self, number: u16) -> io::Result<()> {
        self.tick();
        let now = self.now();
        let Some(bound) = self.sockets.get_mut(usize::from(number)) else { return Ok(()) };
        let reports = bound.take_reports(now, &mut self.engine);
        match bound.socket.take_pending_error() {
            Ok(()) if reports > 0 => Ok(()),
            Ok(()) => bound.note_error(io::ErrorKind::Other.into()),
            Err(error) => bound.note_error(error),
        }
    }
}

impl BoundSocket {
    /// Tells the engine what the network says; returns how much that was.
    fn take_reports(&mut self, now: Instant, engine: &mut Engine) -> usize {
        for taken in 0..MAX_REPORTS_A_TURN {
            match self.socket.next_report() {
                Ok(Some(report)) => tell(now, engine, &report),
                Ok(None) => {}
                Err(_) => return taken,
            }
        }
        MAX_REPORTS_A_TURN
    }

    /// Lets a receive error pass unless it ends the socket.
    pub(crate) fn note_error(&mut self, error: io::Error) -> io::Result<()> {
        match classify(&error) {
            ErrorClass::Blocked => Ok(()),
            _ if is_report(&error) => Ok(()),
            ErrorClass::Transient if self.receive_errors < MAX_RECEIVE_ERRORS => {
                self.receive_errors += 1;
                Ok(())
            }
            ErrorClass::Transient | ErrorClass::Fatal => Err(error),
        }
    }
}

/// Tells the engine of one report.
pub(crate) fn tell(now: Instant, engine: &mut Engine, report: &NetworkReport) {
    match report.kind {
        ReportKind::Unreachable => engine.on_unreachable(now, report.remote, report.quote()),
        ReportKind::TooLong => engine.on_too_long(now, report.remote, report.quote()),
    }
}
