//! An engine and its sockets: datagrams in, datagrams out. Knows neither libuv nor JavaScript. A detached engine has no sockets.

use std::io;
use std::rc::Rc;

use osier_core::{
    Ecn, Engine, EngineStats, Event, Instant, PassOn, Path, ReceiveMeta, Transmit, RELAY_SOCKET,
};
use osier_udp::{ReceiveBuffer, Route, SendOutcome, SendQueue, UdpSocket};

use crate::clock::Clock;
use crate::event_record::RecordWriter;
use crate::mailbox::Letter;
use crate::shard_group::Membership;
use crate::socket_errors::tell;

pub(crate) struct BoundSocket {
    pub(crate) socket: UdpSocket,
    /// Errors in a row that no datagram came between.
    pub(crate) receive_errors: u32,
}

/// System calls of one flush, of a long train each (256 KiB, about 0.2 ms): acknowledgements and other handles have their turn between two flushes.
/// With more, the flight grows by what acknowledgements wait, and out of the cache.
const MAX_SENDS_A_FLUSH: usize = 4;

/// System calls that read a socket before timers fire, of up to four trains each.
const MAX_READS_BEFORE_TIMERS: usize = 32;

/// System calls that gather one train of packets that are passed on, of four each: more than one train would only wait.
const MAX_READS_A_TRAIN: usize = 16;

/// How a flush ended.
pub(crate) enum Flow {
    /// Nothing is left that may be sent now.
    Idle,
    /// There is more: flush again in the next turn of the loop.
    More,
    /// This socket is full: flush again when it is writable.
    Blocked(u16),
    /// A socket is dead.
    Failed(io::Error),
}

pub(crate) struct Driver {
    pub(crate) engine: Engine,
    pub(crate) clock: Clock,
    pub(crate) sockets: Vec<BoundSocket>,
    receive_buffer: ReceiveBuffer,
    has_received: bool,
    queue: SendQueue,
    /// The clock as it was last read: once for what arrives and once for what leaves, not once a question.
    now: Instant,
    blocked: bool,
    /// Something was accepted or sent since [`Driver::take_moved`] asked; what strangers are answered is neither.
    moved: bool,
    /// Taken from the engine, but without room in the last batch.
    held_back: Option<Event>,
    /// Where to leave what is for other shards.
    pub(crate) membership: Option<Rc<Membership>>,
    #[cfg(feature = "fault-injection")]
    pub(crate) faults: crate::fault_methods::Faults,
}

impl Driver {
    pub(crate) fn new(engine: Engine, clock: Clock) -> Self {
        Self {
            engine,
            clock,
            sockets: Vec::new(),
            receive_buffer: ReceiveBuffer::new(),
            has_received: false,
            queue: SendQueue::new(),
            now: clock.now(),
            blocked: false,
            moved: false,
            held_back: None,
            membership: None,
            #[cfg(feature = "fault-injection")]
            faults: crate::fault_methods::Faults::default(),
        }
    }

    /// Adds a socket; returns its number, or `None` when there are too many.
    pub(crate) fn add_socket(&mut self, socket: UdpSocket) -> Option<u16> {
        let number = u16::try_from(self.sockets.len()).ok().filter(|number| *number != RELAY_SOCKET)?;
        self.sockets.push(BoundSocket { socket, receive_errors: 0 });
        Some(number)
    }

    /// Takes the newest socket away again.
    pub(crate) fn remove_last_socket(&mut self) {
        self.sockets.pop();
    }

    pub(crate) fn sockets_mut(&mut self) -> impl Iterator<Item = &mut UdpSocket> {
        self.sockets.iter_mut().map(|bound| &mut bound.socket)
    }

    pub(crate) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        self.sockets.iter().map(|bound| &bound.socket)
    }

    /// Takes what has arrived on a socket, up to one full buffer, through the engine; more where single packets gather that can leave as a train.
    pub(crate) fn receive(&mut self, number: u16) -> io::Result<()> {
        self.receive_once(number)?;
        self.has_received = self.receive_buffer.trains().next().is_some();
        for _ in 1..MAX_READS_A_TRAIN {
            if !self.receive_buffer.is_full_of_singles() || !self.engine.gathers_train() {
                break;
            }
            self.receive_once(number)?;
        }
        Ok(())
    }

    fn receive_once(&mut self, number: u16) -> io::Result<()> {
        let Some(bound) = self.sockets.get_mut(usize::from(number)) else { return Ok(()) };
        #[cfg(feature = "fault-injection")]
        if let Some(error) = self.faults.receive_error() {
            return bound.note_error(error);
        }
        let received = bound.socket.receive(&mut self.receive_buffer);
        self.now = self.clock.now();
        if let Err(error) = received {
            return bound.note_error(error);
        }
        bound.receive_errors = 0;
        #[cfg(feature = "fault-injection")]
        assert!(!self.faults.panics_on_receive, "a fault on purpose");
        let mut passer = Passer { sockets: &mut self.sockets };
        let may_pass = !self.blocked && self.queue.is_empty();
        for train in self.receive_buffer.trains() {
            let Route { remote, local, interface } = train.meta.route;
            let meta = ReceiveMeta {
                path: Path { socket: number, remote, local, interface },
                ecn: Ecn::from_bits(train.meta.ecn as u8),
                segment_size: train.meta.segment_size,
            };
            let passer = may_pass.then_some(&mut passer as &mut dyn PassOn);
            self.moved |= self.engine.handle_train_passing(self.now, &meta, train.bytes, passer);
        }
        self.forward_strays();
        Ok(())
    }

    /// Leaves what arrived for other shards with them.
    pub(crate) fn forward_strays(&mut self) {
        while let Some(stray) = self.engine.poll_stray() {
            let shard = stray.shard;
            let letter = Letter::Stray(stray);
            let refused = match &self.membership {
                Some(membership) => membership.send(shard, letter).err(),
                None => Some(letter),
            };
            if let Some(Letter::Stray(stray)) = refused {
                self.engine.on_stray_refused(&stray);
            }
        }
    }

    /// Takes what other shards left for this one.
    pub(crate) fn take_letters(&mut self) {
        let Some(membership) = &self.membership else { return };
        self.now = self.clock.now();
        for letter in membership.take_letters() {
            match letter {
                Letter::Stray(mut stray) => self.engine.handle_stray(self.now, &mut stray),
                Letter::Handshake { path, admission_key, proven, datagram } => {
                    self.engine.handle_handed_over(self.now, path, admission_key, proven, datagram);
                }
            }
        }
        // What came in a relayed packet may be for a third shard.
        self.forward_strays();
    }

    /// Whether the last [`Driver::receive`] found something.
    pub(crate) fn has_received(&self) -> bool {
        self.has_received
    }

    /// Whether something was accepted or sent since the last time that this was asked.
    pub(crate) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// The counters as the engine is given up.
    pub(crate) fn final_stats(&self) -> EngineStats {
        #[cfg(feature = "fault-injection")]
        assert!(!self.faults.panics_at_the_end, "a fault on purpose");
        self.engine.stats()
    }

    /// Reads the clock.
    pub(crate) fn tick(&mut self) {
        self.now = self.clock.now();
    }

    /// The clock as of the last reading.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Handles what is due, after what has arrived: an answer that waits in the socket is not late.
    pub(crate) fn run_due_timers(&mut self) -> io::Result<()> {
        if !self.is_due() {
            return Ok(());
        }
        for number in 0..self.sockets.len() {
            self.read_until_not_due(number as u16)?;
        }
        self.tick();
        if self.is_due() {
            self.engine.handle_timeout(self.now);
        }
        Ok(())
    }

    /// Receives while there is something and a timer is due; not for ever, on a socket that never runs dry.
    fn read_until_not_due(&mut self, number: u16) -> io::Result<()> {
        for _ in 0..MAX_READS_BEFORE_TIMERS {
            self.receive_buffer.expect_many();
            self.receive(number)?;
            if !self.has_received() || !self.is_due() {
                break;
            }
        }
        Ok(())
    }

    fn is_due(&mut self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= self.now)
    }

    /// When [`Driver::run_due_timers`] will have something to do.
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        self.engine.poll_timeout()
    }

    /// Sends what may be sent now.
    pub(crate) fn flush(&mut self) -> Flow {
        if self.blocked {
            return Flow::Idle;
        }
        for _ in 0..MAX_SENDS_A_FLUSH {
            self.tick();
            let mut has_more = true;
            while !self.queue.is_full() {
                let Some(transmit) = self.engine.poll_transmit(self.now, self.queue.room()) else {
                    has_more = false;
                    break;
                };
                let Path { socket, remote, local, interface } = transmit.path;
                let ecn = osier_udp::Ecn::from_traffic_class(transmit.ecn.to_bits());
                let route = Route { remote, local, interface };
                self.queue.push(socket, route, ecn, transmit.segment_size, transmit.len);
                self.moved |= !transmit.is_answer;
            }
            let Some(socket) = self.queue.head_socket() else { return Flow::Idle };
            #[cfg(feature = "fault-injection")]
            if self.faults.takes_full_socket() {
                self.blocked = true;
                return Flow::Blocked(socket);
            }
            let Some(bound) = self.sockets.get_mut(usize::from(socket)) else {
                self.queue.drop_head();
                continue;
            };
            let outcome = bound.socket.send(&mut self.queue);
            for report in bound.socket.take_reports() {
                tell(self.now, &mut self.engine, &report);
                has_more = true;
            }
            match outcome {
                SendOutcome::Done if !has_more && self.queue.is_empty() => return Flow::Idle,
                SendOutcome::Done => {}
                SendOutcome::Blocked => {
                    self.blocked = true;
                    return Flow::Blocked(socket);
                }
                SendOutcome::Failed(error) => {
                    self.queue.drop_head();
                    return Flow::Failed(error);
                }
            }
        }
        Flow::More
    }

    /// The socket that was full is writable.
    pub(crate) fn unblock(&mut self) {
        self.blocked = false;
    }

    /// Whether [`Driver::write_events`] may have something to write.
    pub(crate) fn has_events(&mut self) -> bool {
        self.held_back.is_some() || self.engine.has_events()
    }

    /// Writes events until there are no more, or no room; what found none comes first the next time.
    pub(crate) fn write_events(&mut self, writer: &mut RecordWriter<'_>) {
        while let Some(event) = self.held_back.take().or_else(|| self.engine.poll_event()) {
            if writer.put(&event).is_err() {
                self.held_back = Some(event);
                return;
            }
            if matches!(event, Event::Handshake { .. } | Event::RefusalHint { .. }) {
                self.engine.on_handshake_read();
            }
        }
    }
}

/// Sends what is only passed on out of the receive buffer.
struct Passer<'a> {
    sockets: &'a mut [BoundSocket],
}

impl PassOn for Passer<'_> {
    fn pass_on(&mut self, transmit: &Transmit, train: &[u8]) -> bool {
        let Path { socket, remote, local, interface } = transmit.path;
        let Some(bound) = self.sockets.get_mut(usize::from(socket)) else { return false };
        let ecn = osier_udp::Ecn::from_traffic_class(transmit.ecn.to_bits());
        bound.socket.send_now(Route { remote, local, interface }, ecn, transmit.segment_size, train)
    }
}
