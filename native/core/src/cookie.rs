//! Cookies: what a node under load gives to who asks, so that the next message proves its address. See docs/protocol.md, "Cookie reply".

use crate::entropy::Entropy;
use crate::hchacha20::hchacha20;
use crate::keyed_hash::keyed_hash_128;
use crate::time::Instant;
use blake2::digest::Mac;
use osier_wire::limits::{COOKIE_BYTES, COOKIE_NONCE_BYTES, MAC_BYTES, TAG_BYTES};
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, CHACHA20_POLY1305};
use std::net::{IpAddr, SocketAddr};

/// A secret gives cookies for so long, and its cookies are good for as long again.
const SECRET_MICROS: u64 = 120_000_000;

/// This node's cookies: the secret that they come from, and the one before.
#[derive(Default)]
pub(crate) struct CookieJar {
    present: Option<Secret>,
    previous: Option<Secret>,
}

#[derive(Clone, Copy)]
struct Secret {
    bytes: [u8; 32],
    drawn_at: Instant,
}

impl CookieJar {
    /// The cookie of an address now.
    pub(crate) fn give(
        &mut self,
        now: Instant,
        entropy: &mut Entropy,
        address: SocketAddr,
    ) -> [u8; COOKIE_BYTES] {
        if self.present.is_none_or(|secret| secret.age_micros(now) >= SECRET_MICROS) {
            self.previous = self.present;
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes);
            self.present = Some(Secret { bytes, drawn_at: now });
        }
        self.present.map_or([0; COOKIE_BYTES], |secret| cookie(&secret.bytes, address))
    }

    /// Whether `mac2` over `before_mac2` was made with a cookie that this node gave to `address` of late.
    pub(crate) fn verify(
        &self,
        now: Instant,
        address: SocketAddr,
        before_mac2: &[u8],
        mac2: &[u8; MAC_BYTES],
    ) -> bool {
        let good = |secret: &&Secret| secret.age_micros(now) < 2 * SECRET_MICROS;
        self.present.iter().chain(&self.previous).filter(good).any(|secret| {
            keyed_hash_128(&cookie(&secret.bytes, address), &[before_mac2]).verify(&(*mac2).into()).is_ok()
        })
    }
}

impl Secret {
    fn age_micros(&self, now: Instant) -> u64 {
        now.saturating_micros_since(self.drawn_at)
    }
}

/// The cookie that `secret` gives to an address and port.
pub(crate) fn cookie(secret: &[u8; 32], address: SocketAddr) -> [u8; COOKIE_BYTES] {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    keyed_hash_128(secret, &[&ip.octets(), &address.port().to_le_bytes()]).finalize().into_bytes().into()
}

/// The cookie under XChaCha20-Poly1305, with the mac1 of the message that it answers as associated data.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: &[u8; COOKIE_NONCE_BYTES],
    mac1: &[u8; MAC_BYTES],
    cookie: [u8; COOKIE_BYTES],
) -> [u8; COOKIE_BYTES + TAG_BYTES] {
    let (head, tail) = nonce.split_at(16);
    let (mut first, mut last) = ([0; 16], [0; 12]);
    first.copy_from_slice(head);
    last[4..].copy_from_slice(tail);
    let subkey = UnboundKey::new(&CHACHA20_POLY1305, &hchacha20(key, &first));
    let Ok(subkey) = subkey else { unreachable!("a key of 32 bytes fits") };
    let mut sealed = [0; COOKIE_BYTES + TAG_BYTES];
    let (text, tag) = sealed.split_at_mut(COOKIE_BYTES);
    text.copy_from_slice(&cookie);
    let nonce = Nonce::assume_unique_for_key(last);
    let computed = LessSafeKey::new(subkey).seal_in_place_separate_tag(nonce, Aad::from(mac1), text);
    let Ok(computed) = computed else { unreachable!("16 bytes are sealed") };
    tag.copy_from_slice(computed.as_ref());
    sealed
}

#[cfg(test)]
#[allow(clippy::expect_used)] // a test may fail by panicking
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"all bytes before mac2";

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn mac2(cookie: &[u8; COOKIE_BYTES]) -> [u8; MAC_BYTES] {
        keyed_hash_128(cookie, &[MESSAGE]).finalize().into_bytes().into()
    }

    #[test]
    fn a_cookie_proves_the_address_and_the_port_that_it_was_given_to_and_nothing_else() {
        let (mut jar, now) = (CookieJar::default(), Instant::from_micros(1));
        let given = jar.give(now, &mut Entropy::new([1; 32]), address(7));
        assert!(jar.verify(now, address(7), MESSAGE, &mac2(&given)));
        assert!(!jar.verify(now, address(8), MESSAGE, &mac2(&given)));
        assert!(!jar.verify(now, SocketAddr::from(([192, 0, 2, 2], 7)), MESSAGE, &mac2(&given)));
        assert!(!jar.verify(now, address(7), b"another message", &mac2(&given)));
        assert!(!jar.verify(now, address(7), MESSAGE, &[0; MAC_BYTES]));
        assert!(!CookieJar::default().verify(now, address(7), MESSAGE, &mac2(&given)));
    }

    #[test]
    fn a_cookie_is_good_for_its_120_seconds_whenever_it_was_given_and_for_240_at_most() {
        let (mut jar, mut entropy) = (CookieJar::default(), Entropy::new([2; 32]));
        let at = |seconds: u64| Instant::from_micros(1 + seconds * 1_000_000);
        let first = jar.give(at(0), &mut entropy, address(1));
        let late = jar.give(at(119), &mut entropy, address(1));
        assert_eq!(first, late);
        let next = jar.give(at(120), &mut entropy, address(1));
        assert_ne!(first, next);
        assert!(jar.verify(at(239), address(1), MESSAGE, &mac2(&late)));
        assert!(!jar.verify(at(240), address(1), MESSAGE, &mac2(&late)));
        assert!(jar.verify(at(240), address(1), MESSAGE, &mac2(&next)));
        jar.give(at(900), &mut entropy, address(1));
        assert!(!jar.verify(at(900), address(1), MESSAGE, &mac2(&next)));
    }

    #[test]
    fn the_vectors_that_typescript_opens_are_what_is_sealed_here() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/vectors/cookies.json");
        let file = std::fs::read_to_string(path).expect("the file");
        let vectors: Vec<&str> = file.split("\"responderSecret\"").skip(1).collect();
        assert!(vectors.len() >= 2);
        for vector in vectors {
            let vector = format!("\"responderSecret\"{vector}");
            let host: IpAddr = value(&vector, "host").parse().expect("an address");
            let port = value(&vector, "port").parse().expect("a port");
            let given = cookie(&bytes(&vector, "responderSecret"), SocketAddr::new(host, port));
            assert_eq!(given, bytes(&vector, "cookie"));
            let reply = osier_wire::CookieReply::decode(&bytes::<64>(&vector, "reply")).expect("a reply");
            assert_eq!(reply.receiver_index.to_string(), value(&vector, "receiverIndex"));
            assert_eq!(reply.nonce, bytes(&vector, "nonce"));
            let sealed = seal(&bytes(&vector, "cookieKey"), &reply.nonce, &bytes(&vector, "mac1"), given);
            assert_eq!(sealed, reply.sealed_cookie);
        }
    }

    /// The value of a member of a flat JSON object, each on a line of its own.
    fn value<'a>(object: &'a str, name: &str) -> &'a str {
        let (_, rest) = object.split_once(&format!("\"{name}\": ")).expect("the member");
        rest.lines().next().expect("a line").trim_end_matches(',').trim_matches('"')
    }

    fn bytes<const N: usize>(object: &str, name: &str) -> [u8; N] {
        let digits = value(object, name);
        assert_eq!(digits.len(), 2 * N, "{name}");
        std::array::from_fn(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("hex"))
    }
}
