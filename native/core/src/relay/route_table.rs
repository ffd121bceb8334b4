//! Which neighbour is next on the way to a RouteId.

use osier_wire::RouteId;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// What is known of the way to one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Handle of the association with the next neighbour.
    pub(crate) next: u32,
    /// The largest end-to-end packet that passes.
    pub(crate) mtu_bytes: u32,
}

/// Routes by destination.
pub(crate) struct RouteTable {
    routes: HashMap<RouteId, Route, RouteHashing>,
}

impl RouteTable {
    /// An empty table. `secret` must be unpredictable: strangers choose RouteIds.
    pub(crate) fn new(secret: [u64; 2]) -> Self {
        Self { routes: HashMap::with_hasher(RouteHashing { secret }) }
    }

    pub(crate) fn get(&self, destination: RouteId) -> Option<Route> {
        self.routes.get(&destination).copied()
    }

    pub(crate) fn set(&mut self, destination: RouteId, route: Route) {
        self.routes.insert(destination, route);
    }

    pub(crate) fn remove(&mut self, destination: RouteId) {
        self.routes.remove(&destination);
    }
}

/// Two multiplications under a secret: a RouteId is eight bytes of a hash already, of which its owner can choose some dozens of bits. Who cannot see
/// the secret cannot have many meet in one place.
#[derive(Clone)]
pub(crate) struct RouteHashing {
    secret: [u64; 2],
}

impl RouteHashing {
    /// `secret` must be unpredictable.
    pub(crate) fn new(secret: [u64; 2]) -> Self {
        Self { secret }
    }
}

impl BuildHasher for RouteHashing {
    type Hasher = RouteHasher;

    fn build_hasher(&self) -> RouteHasher {
        RouteHasher { state: self.secret[0], secret: self.secret[1] | 1 }
    }
}

/// See [`RouteHashing`].
pub(crate) struct RouteHasher {
    state: u64,
    secret: u64,
}

impl Hasher for RouteHasher {
    fn finish(&self) -> u64 {
        folded(self.state, 0x9e37_79b9_7f4a_7c15)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.state = folded(self.state ^ word, self.secret);
    }

    /// The length of the array: always the same.
    fn write_usize(&mut self, _: usize) {}
}

/// Both halves of the product.
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_destination_has_the_last_route_that_was_set_until_it_is_removed() {
        let mut table = RouteTable::new([1, 2]);
        let (here, there) = (RouteId([1; 8]), RouteId([2; 8]));
        table.set(here, Route { next: 1, mtu_bytes: 1_160 });
        table.set(here, Route { next: 2, mtu_bytes: 1_400 });
        assert_eq!(table.get(here), Some(Route { next: 2, mtu_bytes: 1_400 }));
        assert_eq!(table.get(there), None);
        table.remove(here);
        assert_eq!(table.get(here), None);
    }

    #[test]
    fn ids_of_every_pattern_spread_over_the_buckets() {
        let hashing = RouteHashing::new([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);
        for shift in [0, 8, 20, 40, 52] {
            let buckets: HashSet<u64> =
                (0..4096_u64).map(|i| hashing.hash_one(RouteId((i << shift).to_le_bytes())) & 4095).collect();
            assert!(buckets.len() > 2_300, "{} buckets of 4096 at shift {shift}", buckets.len());
        }
    }

    #[test]
    fn another_secret_spreads_ids_otherwise() {
        let ids = || (0..64_u64).map(|i| RouteId(i.to_le_bytes()));
        let places = |secret| ids().map(|id| RouteHashing::new(secret).hash_one(id) & 63).collect::<Vec<_>>();
        assert_ne!(places([1, 3]), places([2, 3]));
    }
}
