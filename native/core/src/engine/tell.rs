//! What happened, told to the layer above when it asks.

use super::event_queue::Queued;
use super::Engine;
use crate::association::{HopChange, PathChange, ProbeOutcome};
use crate::event::Event;
use crate::time::Instant;

impl Engine {
    /// The next event; call until `None` after every batch, and [`Engine::poll_transmit`] after that.
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            if let Queued::Association(handle) = *self.events.front()? {
                if let Some(event) = self.poll_association_event(handle) {
                    return Some(event);
                }
            }
            if let Some(Queued::Event(event)) = self.events.pop_front() {
                return Some(event);
            }
        }
    }

    /// Whether [`Engine::poll_event`] may have something to tell. Fetches nothing: to fetch an event may change what is to be sent.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(super) fn tell_events(&mut self, now: Instant, handle: u32) {
        let Some(association) = self.associations.get_mut(handle) else { return };
        while let Some((token, sent_at)) = association.poll_pong() {
            let rtt_micros = now.saturating_micros_since(sent_at);
            self.events.push_back(Event::Pong { association: handle, token, rtt_micros });
        }
        let change = association.poll_path_change();
        self.tell_of_paths(handle);
        if let Some(change) = change {
            let PathChange { from, to } = change;
            self.events.push_back(Event::PathChanged { association: handle, from, to });
            self.relist(now, handle, change);
        }
        let Some(association) = self.associations.get_mut(handle) else { return };
        let has_route_errors = association.has_route_errors();
        if association.poll_peer_draining() {
            self.events.push_back(Event::PeerDraining { association: handle });
        }
        if !association.eventful && association.has_events() {
            association.eventful = true;
            self.events.push_association(handle);
        }
        if has_route_errors {
            self.take_route_errors(now, handle);
        }
    }

    /// What came of the questions of the policy.
    fn tell_of_paths(&mut self, handle: u32) {
        let Some(association) = self.associations.get_mut(handle) else { return };
        while let Some(ProbeOutcome { token, rtt_micros }) = association.poll_probe_outcome() {
            self.events.push_back(Event::PathProbed { association: handle, token, rtt_micros });
        }
        while let Some(answer) = association.poll_trace_answer() {
            self.events.push_back(Event::TraceAnswered { association: handle, answer });
        }
        if let Some(path) = association.poll_direct_arrival() {
            self.events.push_back(Event::DirectArrival { association: handle, path });
        }
        match association.poll_hop_change() {
            Some(HopChange::Suspected { silent_micros }) => {
                self.events.push_back(Event::HopSuspected { association: handle, silent_micros });
            }
            Some(HopChange::Recovered) => {
                self.events.push_back(Event::HopRecovered { association: handle });
            }
            None => {}
        }
    }

    /// Sessions of an association are reached another way.
    pub(super) fn relist(&mut self, now: Instant, handle: u32, PathChange { from, to }: PathChange) {
        if from.is_relayed() && !to.is_relayed() {
            self.wake_dependants(now, handle);
        }
        let Some(association) = self.associations.get(handle) else { return };
        for session in association.sessions.confirmed().filter(|session| session.path == to) {
            self.remotes.unlist(from.peer_address(), session.remote_index, handle);
            self.remotes.list(to.peer_address(), session.remote_index, handle);
        }
    }

    /// The next event of an association's streams, and last the end of the association itself.
    fn poll_association_event(&mut self, handle: u32) -> Option<Event> {
        let association = self.associations.get_mut(handle)?;
        if let Some(event) = association.poll_stream_event() {
            return Some(Event::Stream { association: handle, event });
        }
        if !association.tells_cause_last && association.has_events() && self.events.has_several() {
            // What happened before its end, an answered ping for one, may stand behind it in the queue.
            association.tells_cause_last = true;
            self.events.push_association(handle);
            return None;
        }
        if let Some(cause) = association.poll_cause() {
            return Some(Event::AssociationClosed { association: handle, cause });
        }
        association.eventful = false;
        // A stream that is gone may be followed by a grant, a timer, or the end of the association itself.
        if !association.queued {
            association.queued = true;
            self.schedule.push_ready(handle);
        }
        None
    }
}
