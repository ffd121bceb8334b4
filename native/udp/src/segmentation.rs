//! Where GSO does not work. Some interfaces refuse it, and only a real send finds out: what was learned is kept for good.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::route::Route;

/// Paths remembered one by one; past that, segmentation is off for the whole socket.
const REMEMBERED_PATHS: usize = 1_024;

/// Which paths of one socket take trains.
#[derive(Debug)]
pub(crate) struct SegmentationMemory {
    available: bool,
    refused: HashSet<(IpAddr, Option<IpAddr>)>,
}

impl SegmentationMemory {
    pub(crate) fn new(available: bool) -> Self {
        Self { available, refused: HashSet::new() }
    }

    /// True when trains may be sent along `route` in one piece.
    pub(crate) fn allows(&self, route: &Route) -> bool {
        self.available && (self.refused.is_empty() || !self.refused.contains(&key(route)))
    }

    /// Switches segmentation off for the path of `route`, for good. Returns true when that is news.
    pub(crate) fn refuse(&mut self, route: &Route) -> bool {
        if self.refused.len() >= REMEMBERED_PATHS {
            self.available = false;
            self.refused.clear();
            return true;
        }
        self.refused.insert(key(route))
    }

    /// True while at least one path may take trains.
    pub(crate) fn is_available(&self) -> bool {
        self.available
    }
}

fn key(route: &Route) -> (IpAddr, Option<IpAddr>) {
    (route.remote.ip(), route.local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_once_stays_off_for_that_path_alone() {
        let mut memory = SegmentationMemory::new(true);
        let refused = Route::to("10.0.0.1:1".parse().unwrap());
        assert!(memory.refuse(&refused));
        assert!(!memory.refuse(&refused));
        assert!(!memory.allows(&Route::to("10.0.0.1:2".parse().unwrap())));
        assert!(memory.allows(&Route::to("10.0.0.2:1".parse().unwrap())));
    }

    #[test]
    fn memory_of_refusals_is_bounded() {
        let mut memory = SegmentationMemory::new(true);
        for number in 0..=REMEMBERED_PATHS as u32 {
            memory.refuse(&Route::to((IpAddr::from(number.to_be_bytes()), 1).into()));
        }
        assert!(!memory.is_available());
        assert!(memory.refused.is_empty());
    }
}
