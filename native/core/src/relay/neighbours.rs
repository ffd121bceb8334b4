//! Which associations lead to which neighbour.

use osier_wire::RouteId;

/// Handles of associations by what their peers are known by, in order. Several may be with one peer, for a moment.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    handles: Vec<(RouteId, u32)>,
}

impl Neighbours {
    pub(crate) fn insert(&mut self, id: RouteId, handle: u32) {
        if let Err(at) = self.handles.binary_search(&(id, handle)) {
            self.handles.insert(at, (id, handle));
        }
    }

    pub(crate) fn remove(&mut self, id: RouteId, handle: u32) {
        if let Ok(at) = self.handles.binary_search(&(id, handle)) {
            self.handles.remove(at);
        }
    }

    /// The associations with this neighbour.
    pub(crate) fn of(&self, id: RouteId) -> impl Iterator<Item = u32> + '_ {
        let from = self.handles.partition_point(|(other, _)| *other < id);
        self.handles[from..].iter().take_while(move |(other, _)| *other == id).map(|(_, handle)| *handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_neighbour_has_its_own_handles() {
        let [one, two] = [1, 2].map(|byte| RouteId([byte; 8]));
        let mut neighbours = Neighbours::default();
        for (id, handle) in [(two, 7), (one, 9), (one, 3), (one, 9)] {
            neighbours.insert(id, handle);
        }
        assert_eq!(neighbours.of(one).collect::<Vec<_>>(), [3, 9]);
        assert_eq!(neighbours.of(two).collect::<Vec<_>>(), [7]);
        neighbours.remove(one, 3);
        neighbours.remove(two, 3);
        assert_eq!(neighbours.of(one).collect::<Vec<_>>(), [9]);
        assert_eq!(neighbours.of(RouteId([3; 8])).next(), None);
    }
}
