//! How many handshake messages a second one part of the address space may send while the node is under load.

use crate::time::Instant;
use std::collections::HashMap;
use std::net::IpAddr;

/// Prefixes counted at once. With all taken, those that have been quiet go; while none is quiet, nobody new is admitted.
const PREFIXES_MAX: usize = 8_192;
/// An IPv4 address, or a /64: what one machine has at least. Its retries, and those of a few behind the same address.
const NARROW: Rate = Rate { burst: 16, per_second: 16 };
/// A /48, as one site has: four machines that do what they can.
const WIDE: Rate = Rate { burst: 64, per_second: 64 };
const MICROS: u64 = 1_000_000;

struct Rate {
    burst: u64,
    per_second: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Prefix {
    V4([u8; 4]),
    V6Narrow([u8; 8]),
    V6Wide([u8; 6]),
}

/// A token bucket; tokens are counted in micros of one.
struct Bucket {
    micro_tokens: u64,
    filled_at: Instant,
}

/// Token buckets of the prefixes that sent of late.
#[derive(Default)]
pub(super) struct PrefixLimit {
    buckets: HashMap<Prefix, Bucket>,
}

impl PrefixLimit {
    /// Whether one more message from `address` may pass; counts it when so.
    pub(super) fn admit(&mut self, now: Instant, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(ip) => self.take(now, Prefix::V4(ip.octets()), &NARROW),
            IpAddr::V6(ip) => {
                let (mut narrow, mut wide) = ([0; 8], [0; 6]);
                narrow.copy_from_slice(&ip.octets()[..8]);
                wide.copy_from_slice(&ip.octets()[..6]);
                // The narrow one first: who has spent its own takes nothing from its neighbours.
                self.take(now, Prefix::V6Narrow(narrow), &NARROW)
                    && self.take(now, Prefix::V6Wide(wide), &WIDE)
            }
        }
    }

    fn take(&mut self, now: Instant, prefix: Prefix, rate: &Rate) -> bool {
        if !self.buckets.contains_key(&prefix) && !self.make_room(now) {
            return false;
        }
        let full = rate.burst * MICROS;
        let bucket = self.buckets.entry(prefix).or_insert(Bucket { micro_tokens: full, filled_at: now });
        let earned = now.saturating_micros_since(bucket.filled_at).saturating_mul(rate.per_second);
        bucket.micro_tokens = bucket.micro_tokens.saturating_add(earned).min(full);
        bucket.filled_at = now;
        let has_one = bucket.micro_tokens >= MICROS;
        bucket.micro_tokens -= if has_one { MICROS } else { 0 };
        has_one
    }

    /// Every bucket is full again after a second of quiet.
    fn make_room(&mut self, now: Instant) -> bool {
        if self.buckets.len() >= PREFIXES_MAX {
            self.buckets.retain(|_, bucket| now.saturating_micros_since(bucket.filled_at) < MICROS);
        }
        self.buckets.len() < PREFIXES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn admitted(limit: &mut PrefixLimit, now: Instant, addresses: impl Iterator<Item = IpAddr>) -> u64 {
        addresses.map(|address| u64::from(limit.admit(now, address))).sum()
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
        let later = now.plus_micros(MICROS / 2);
        assert_eq!(admitted(&mut limit, later, std::iter::repeat_n(one, 1_000)), NARROW.per_second / 2);
        assert!(!limit.admit(later, Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().into()));
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
    fn a_flood_of_prefixes_fills_a_bounded_table_that_is_free_again_after_a_second() {
        let (mut limit, now) = (PrefixLimit::default(), Instant::from_micros(9));
        let flood = (0..20_000_u32).map(|number| Ipv4Addr::from(number).into());
        assert_eq!(admitted(&mut limit, now, flood), PREFIXES_MAX as u64);
        assert_eq!(limit.buckets.len(), PREFIXES_MAX);
        assert!(limit.admit(now.plus_micros(MICROS), Ipv4Addr::from(30_000).into()));
        assert_eq!(limit.buckets.len(), 1);
    }
}
