//! How many handshake messages a second one part of the address space may send while the node is under load.

use crate::time::Instant;
use crate::token_bucket::{Rate, TokenBucket};
use osier_wire::RouteId;
use std::collections::HashMap;
use std::net::IpAddr;

/// Prefixes that one turn may count; nobody new is admitted for the rest of it. With those of the turn before, 8,192 are kept.
const TURN_PREFIXES_MAX: usize = 4_096;
/// An IPv4 address, or a /64: what one machine has at least. Its retries, and those of a few behind the same address.
const NARROW: Rate = Rate { burst: 16, per_second: 16 };
/// A /48, as one site has: four machines that do what they can.
const WIDE: Rate = Rate { burst: 64, per_second: 64 };
/// A turn is as long as the buckets take to fill: one that was not asked in a whole turn has nothing to tell, and goes.
const TURN_MICROS: u64 = 1_000_000;
const _: () = assert!(NARROW.refill_micros() <= TURN_MICROS && WIDE.refill_micros() <= TURN_MICROS);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Prefix {
    V4([u8; 4]),
    V6Narrow([u8; 8]),
    V6Wide([u8; 6]),
    /// One end behind a relay, and all that are behind it.
    FarEnd(RouteId, RouteId),
    Relay(RouteId),
}

/// Token buckets of the prefixes that sent of late. Nothing is ever searched for what can go: a whole turn goes at once.
///
/// A /48 is asked before its /64s are counted, so that it cannot have more of them counted in a turn than it may send messages: 128, a thirty-second
/// of what there is room for.
#[derive(Default)]
pub(super) struct PrefixLimit {
    /// Those that sent in this turn.
    present: HashMap<Prefix, TokenBucket>,
    /// Those that sent in the one before, and not since.
    before: HashMap<Prefix, TokenBucket>,
    turn: Option<Instant>,
}

impl PrefixLimit {
    /// Whether one more message from `address` may pass; counts it when so.
    pub(super) fn admit(&mut self, now: Instant, address: IpAddr) -> bool {
        self.turn_over(now);
        match address.to_canonical() {
            IpAddr::V4(ip) => self.take(now, Prefix::V4(ip.octets()), NARROW),
            IpAddr::V6(ip) => {
                let (mut narrow, mut wide) = ([0; 8], [0; 6]);
                narrow.copy_from_slice(&ip.octets()[..8]);
                wide.copy_from_slice(&ip.octets()[..6]);
                self.take_nested(now, Prefix::V6Narrow(narrow), Prefix::V6Wide(wide))
            }
        }
    }

    /// As [`PrefixLimit::admit`], for a message that the relay `hop` brought from `far`: ends behind a relay are to it what networks are to a site.
    pub(super) fn admit_relayed(&mut self, now: Instant, hop: RouteId, far: RouteId) -> bool {
        self.turn_over(now);
        self.take_nested(now, Prefix::FarEnd(hop, far), Prefix::Relay(hop))
    }

    fn take_nested(&mut self, now: Instant, narrow: Prefix, wide: Prefix) -> bool {
        // Charged last: a network that has spent its own takes nothing from its neighbours.
        self.bucket(now, wide, WIDE).is_some_and(|bucket| bucket.has_one(now, WIDE))
            && self.take(now, narrow, NARROW)
            && self.take(now, wide, WIDE)
    }

    fn take(&mut self, now: Instant, prefix: Prefix, rate: Rate) -> bool {
        self.bucket(now, prefix, rate).is_some_and(|bucket| bucket.take(now, rate))
    }

    /// The bucket of a prefix, which counts in this turn from now on; `None` when there is no room.
    fn bucket(&mut self, now: Instant, prefix: Prefix, rate: Rate) -> Option<&mut TokenBucket> {
        if !self.present.contains_key(&prefix) {
            if self.present.len() >= TURN_PREFIXES_MAX {
                return None;
            }
            let bucket = self.before.remove(&prefix).unwrap_or_else(|| TokenBucket::full(now, rate));
            self.present.insert(prefix, bucket);
        }
        self.present.get_mut(&prefix)
    }

    fn turn_over(&mut self, now: Instant) {
        if self.turn.is_some_and(|since| now.saturating_micros_since(since) < TURN_MICROS) {
            return;
        }
        self.turn = Some(now);
        std::mem::swap(&mut self.present, &mut self.before);
        self.present.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn admitted(limit: &mut PrefixLimit, now: Instant, addresses: impl Iterator<Item = IpAddr>) -> u64 {
        addresses.map(|address| u64::from(limit.admit(now, address))).sum()
    }

    fn kept(limit: &PrefixLimit) -> usize {
        limit.present.len() + limit.before.len()
    }

    fn v6(site: u16, subnet: u16, host: u16) -> IpAddr {
        Ipv6Addr::new(0x2001, 0xdb8, site, subnet, 0, 0, 0, host).into()
    }

    #[test]
    fn one_ipv4_address_is_bounded_and_takes_nothing_from_another() {
        let (mut limit, now) = (PrefixLimit::default(), Instant::from_micros(9));
        let one: IpAddr = Ipv4Addr::new(192, 0, 2, 1).into();
        assert_eq!(admitted(&mut limit, now, std::iter::repeat_n(one, 1_000)), NARROW.burst);
        assert!(limit.admit(now, Ipv4Addr::new(192, 0, 2, 2).into()));
        let later = now.plus_micros(TURN_MICROS / 2);
        assert_eq!(admitted(&mut limit, later, std::iter::repeat_n(one, 1_000)), NARROW.per_second / 2);
        assert!(!limit.admit(later, Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().into()));
    }

    #[test]
    fn a_caller_behind_a_relay_takes_nothing_from_another_and_all_of_them_are_bounded() {
        let (mut limit, now) = (PrefixLimit::default(), Instant::from_micros(9));
        let (relay, far) = (RouteId([1; 8]), |far: u8| RouteId([far; 8]));
        let mut admitted =
            |from: RouteId| (0..100).filter(|_| limit.admit_relayed(now, relay, from)).count() as u64;
        assert_eq!([1, 2, 3, 4, 5].map(|id| admitted(far(id))), [16, 16, 16, 16, 0]);
        assert!(limit.admit_relayed(now, RouteId([2; 8]), far(1)));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one_and_its_networks_as_one_site() {
        let (mut limit, now) = (PrefixLimit::default(), Instant::from_micros(9));
        assert_eq!(admitted(&mut limit, now, (0..1_000).map(|host| v6(1, 1, host))), NARROW.burst);
        assert_eq!(
            admitted(&mut limit, now, (0..1_000).map(|subnet| v6(1, subnet, 1))),
            WIDE.burst - NARROW.burst
        );
        assert!(limit.admit(now, v6(2, 1, 1)));
    }

    #[test]
    fn a_network_that_has_spent_its_own_takes_nothing_from_the_others_of_its_site() {
        let (mut limit, now) = (PrefixLimit::default(), Instant::from_micros(9));
        let greedy = admitted(&mut limit, now, (0..1_000).map(|host| v6(1, 1, host)));
        let others = admitted(&mut limit, now, (2..1_000).map(|subnet| v6(1, subnet, 1)));
        assert_eq!(greedy + others, WIDE.burst);
    }

    #[test]
    fn the_networks_of_one_site_fill_a_small_part_of_the_table_and_leave_the_rest_to_others() {
        let (mut limit, start) = (PrefixLimit::default(), Instant::from_micros(9));
        for step in 0..100_u16 {
            let now = start.plus_micros(u64::from(step) * TURN_MICROS / 100);
            let networks = step * 500..(step + 1) * 500;
            admitted(&mut limit, now, networks.map(|subnet| v6(1, subnet, 1)));
        }
        // Its /64s, and itself.
        assert!(kept(&limit) as u64 <= WIDE.burst + WIDE.per_second + 1, "{} prefixes", kept(&limit));
        let end = start.plus_micros(TURN_MICROS - 1);
        let others = (0..3_000_u32).map(|number| Ipv4Addr::from(number).into());
        assert_eq!(admitted(&mut limit, end, others), 3_000);
    }

    #[test]
    fn a_flood_of_prefixes_fills_a_bounded_table_that_is_free_again_after_a_second() {
        let (mut limit, now) = (PrefixLimit::default(), Instant::from_micros(9));
        let flood = |from: u32| (from..from + 20_000).map(|number| Ipv4Addr::from(number).into());
        assert_eq!(admitted(&mut limit, now, flood(0)), TURN_PREFIXES_MAX as u64);
        let (second, third) = (now.plus_micros(TURN_MICROS), now.plus_micros(2 * TURN_MICROS));
        assert_eq!(admitted(&mut limit, second, flood(30_000)), TURN_PREFIXES_MAX as u64);
        assert_eq!(kept(&limit), 2 * TURN_PREFIXES_MAX);
        assert!(limit.admit(third, Ipv4Addr::from(90_000).into()));
        assert_eq!(kept(&limit), TURN_PREFIXES_MAX + 1);
    }

    #[test]
    fn what_a_prefix_has_spent_is_not_forgiven_when_a_turn_ends() {
        let (mut limit, start) = (PrefixLimit::default(), Instant::from_micros(9));
        let one = || std::iter::repeat_n(IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)), 1_000);
        assert!(limit.admit(start, Ipv4Addr::new(192, 0, 2, 2).into()));
        let (end, next) = (start.plus_micros(TURN_MICROS - 1), start.plus_micros(TURN_MICROS));
        assert_eq!(admitted(&mut limit, end, one()) + admitted(&mut limit, next, one()), NARROW.burst);
    }
}
