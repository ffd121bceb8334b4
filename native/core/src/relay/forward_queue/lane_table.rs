//! Which lane is whose.

use super::lane::Lane;
use std::ops::{Index, IndexMut};

/// The lanes of all neighbours, each under a number that it keeps while it lasts.
pub(super) struct LaneTable {
    lanes: Vec<Lane>,
    /// Numbers of lanes that are nobody's.
    spare: Vec<u32>,
    /// Neighbours, sorted, and the numbers of their lanes.
    of: Vec<(u32, u32)>,
    control_bytes_per_second: u64,
}

impl LaneTable {
    /// `control_bytes_per_second`: what each neighbour may send before bulk.
    pub(super) const fn new(control_bytes_per_second: u64) -> Self {
        Self { lanes: Vec::new(), spare: Vec::new(), of: Vec::new(), control_bytes_per_second }
    }

    /// The lane of a neighbour.
    pub(super) fn of(&mut self, neighbour: u32) -> u32 {
        let place = match self.place(neighbour) {
            Ok(place) => return self.of[place].1,
            Err(place) => place,
        };
        let lane = Lane::new(self.control_bytes_per_second);
        let at = match self.spare.pop() {
            Some(at) => {
                self[at] = lane;
                at
            }
            None => {
                self.lanes.push(lane);
                (self.lanes.len() - 1) as u32
            }
        };
        self.of.insert(place, (neighbour, at));
        at
    }

    /// The neighbour is gone; its lane ends when it is empty.
    pub(super) fn forget(&mut self, neighbour: u32) {
        if let Ok(place) = self.place(neighbour) {
            let (_, at) = self.of.remove(place);
            self[at].is_orphan = true;
            self.end_if_orphan(at);
        }
    }

    /// Call when a lane may have become empty.
    pub(super) fn end_if_orphan(&mut self, at: u32) {
        let lane = &mut self[at];
        if lane.is_orphan && !lane.is_listed && lane.is_empty() {
            lane.is_orphan = false;
            self.spare.push(at);
        }
    }

    /// Lanes, those of no neighbour included, and neighbours that have one.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.lanes.len(), self.of.len())
    }

    fn place(&self, neighbour: u32) -> Result<usize, usize> {
        self.of.binary_search_by_key(&neighbour, |(known, _)| *known)
    }
}

impl Index<u32> for LaneTable {
    type Output = Lane;

    fn index(&self, at: u32) -> &Lane {
        &self.lanes[at as usize]
    }
}

impl IndexMut<u32> for LaneTable {
    fn index_mut(&mut self, at: u32) -> &mut Lane {
        &mut self.lanes[at as usize]
    }
}
