use super::*;
use Cipher::{Aes256Gcm, ChaCha20Poly1305};

const HEADER: [u8; 16] = [4; 16];
const PTO3: u64 = 300;
const FIRST: u64 = 1_000;
/// Small generations, of 16 packets.
const BITS: u32 = 4;
const SIZE: u64 = 1 << BITS;

fn secret() -> [u8; 32] {
    std::array::from_fn(|i| i as u8)
}

fn sender(cipher: Cipher) -> SendKeys {
    SendKeys { generations: Generations::new(cipher, secret(), FIRST, BITS), next: FIRST }
}

fn receiver(cipher: Cipher) -> ReceiveKeys {
    ReceiveKeys { generations: Generations::new(cipher, secret(), FIRST, BITS), previous: None }
}

fn seal(keys: &mut SendKeys, number: u64) -> Vec<u8> {
    let (mut packet, mut tag) = (b"osier".to_vec(), [0; TAG_LENGTH]);
    keys.seal(number, &HEADER, &mut packet, &mut tag).unwrap();
    packet.extend(tag);
    packet
}

fn open(keys: &mut ReceiveKeys, now: u64, number: u64, packet: &[u8]) -> Result<usize, Unauthentic> {
    keys.open(Instant::from_micros(now), number, &HEADER, &mut packet.to_vec(), PTO3)
}

/// The packets of the first three generations and one more, by number.
fn packets() -> Vec<(u64, Vec<u8>)> {
    let mut keys = sender(ChaCha20Poly1305);
    (FIRST..=FIRST + 3 * SIZE).map(|number| (number, seal(&mut keys, number))).collect()
}

fn packet(number: u64) -> Vec<u8> {
    packets().swap_remove((number - FIRST) as usize).1
}

#[test]
fn the_key_of_every_generation_is_that_of_an_independent_implementation() {
    // BLAKE2b of Python's hashlib, AEAD of its `cryptography`, over the secret, header and payload above.
    let expected = [
        (ChaCha20Poly1305, 0, "562a4b85d6d515f202fcf7011e2009b835f4eb22d5"),
        (ChaCha20Poly1305, 1, "2815b7e1cd4691e75919485c16115271085f624ae9"),
        (ChaCha20Poly1305, 2, "b3f3fb7d685043a42886b7b7ce2234dba25f500fc0"),
        (Aes256Gcm, 0, "6d6fab3e1fc193abf2dd18f9836f48b99b75a69a9a"),
        (Aes256Gcm, 1, "6d74af7977123e9cc643e810d7cd5f23c1ea7b3c51"),
        (Aes256Gcm, 2, "8f18f92d328b7f1e130a901e94e37e76975dbcbac9"),
    ];
    for (cipher, generation, hex) in expected {
        let mut keys = sender(cipher);
        for skipped in 0..generation {
            seal(&mut keys, FIRST + skipped * SIZE);
        }
        let packet = seal(&mut keys, FIRST + generation * SIZE);
        let sealed: String = packet.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sealed, hex, "generation {generation} of {}", cipher.name());
    }
}

#[test]
fn both_ends_change_keys_at_the_same_number() {
    for cipher in [ChaCha20Poly1305, Aes256Gcm] {
        let (mut sender, mut receiver) = (sender(cipher), receiver(cipher));
        for number in FIRST..FIRST + 5 * SIZE {
            let packet = seal(&mut sender, number);
            assert_eq!(open(&mut receiver, number, number, &packet), Ok(5), "number {number}");
        }
    }
}

#[test]
fn real_generations_are_two_to_the_24() {
    let mut sender = SendKeys::new(Aes256Gcm, secret(), 7);
    let mut receiver = ReceiveKeys::new(Aes256Gcm, secret(), 7);
    for number in [7, 7 + (1 << 24) - 1, 7 + (1 << 24), 7 + (2 << 24) - 1] {
        let packet = seal(&mut sender, number);
        assert_eq!(open(&mut receiver, 0, number, &packet), Ok(5), "number {number}");
    }
    assert_eq!(sender.generations.start, 7 + (1 << 24));
    assert_eq!(receiver.generations.start, 7 + (1 << 24));
}

#[test]
fn only_an_authentic_packet_advances_the_generation() {
    let mut keys = receiver(ChaCha20Poly1305);
    let next = FIRST + SIZE;
    let mut forged = packet(next);
    forged[0] ^= 1;
    for _ in 0..3 {
        assert_eq!(open(&mut keys, 0, next, &forged), Err(Unauthentic));
    }
    assert_eq!(open(&mut keys, 0, FIRST, &packet(FIRST)), Ok(5));
    assert_eq!(keys.deadline(), None);
    assert_eq!(open(&mut keys, 0, next, &packet(next)), Ok(5));
    assert_eq!(keys.deadline(), Some(Instant::from_micros(PTO3)));
}

#[test]
fn the_previous_generation_opens_for_three_pto_and_no_longer() {
    let mut keys = receiver(ChaCha20Poly1305);
    let (late, next) = (FIRST + SIZE - 1, FIRST + SIZE);
    assert_eq!(open(&mut keys, 50, next, &packet(next)), Ok(5));
    assert_eq!(open(&mut keys, 50 + PTO3 - 1, late, &packet(late)), Ok(5));
    assert_eq!(open(&mut keys, 50 + PTO3, late, &packet(late)), Err(Unauthentic));
    assert!(keys.previous.is_none(), "an expired key is erased");
    assert_eq!(open(&mut keys, 50 + PTO3, next, &packet(next)), Ok(5));
}

#[test]
fn the_timer_erases_the_previous_key_of_a_session_that_falls_silent() {
    let mut keys = receiver(ChaCha20Poly1305);
    open(&mut keys, 0, FIRST + SIZE, &packet(FIRST + SIZE)).unwrap();
    keys.erase_expired(Instant::from_micros(PTO3 - 1));
    assert!(keys.deadline().is_some());
    keys.erase_expired(Instant::from_micros(PTO3));
    assert_eq!(keys.deadline(), None);
}

#[test]
fn no_packet_opens_two_generations_away() {
    let mut keys = receiver(ChaCha20Poly1305);
    let ahead = FIRST + 2 * SIZE;
    assert_eq!(open(&mut keys, 0, ahead, &packet(ahead)), Err(Unauthentic));
    open(&mut keys, 0, FIRST + SIZE, &packet(FIRST + SIZE)).unwrap();
    open(&mut keys, 0, ahead, &packet(ahead)).unwrap();
    assert_eq!(open(&mut keys, 0, FIRST, &packet(FIRST)), Err(Unauthentic));
    assert_eq!(open(&mut keys, 0, FIRST + SIZE, &packet(FIRST + SIZE)), Ok(5));
}

#[test]
fn absurd_numbers_are_unauthentic_and_change_nothing() {
    let mut keys = receiver(ChaCha20Poly1305);
    for number in [0, FIRST - 1, FIRST - SIZE, (1 << 62) - 1, u64::MAX] {
        assert_eq!(open(&mut keys, 0, number, &packet(FIRST)), Err(Unauthentic), "number {number}");
    }
    assert_eq!(open(&mut keys, 0, FIRST, &packet(FIRST)), Ok(5));
}

#[test]
fn a_packet_number_is_never_sealed_twice() {
    let mut keys = sender(ChaCha20Poly1305);
    seal(&mut keys, FIRST + 3);
    for number in [FIRST + 3, FIRST + 2, FIRST, 0] {
        let (mut payload, mut tag) = (*b"osier", [0; TAG_LENGTH]);
        assert_eq!(keys.seal(number, &HEADER, &mut payload, &mut tag), Err(SealError::NumberUsed));
        assert_eq!((&payload, tag), (b"osier", [0; TAG_LENGTH]));
    }
    seal(&mut keys, FIRST + 4);
}

#[test]
fn a_number_that_the_receiver_could_not_follow_is_not_sealed() {
    let mut keys = sender(ChaCha20Poly1305);
    let (mut payload, mut tag) = (*b"osier", [0; TAG_LENGTH]);
    for number in [FIRST + 2 * SIZE, (1 << 62) - 1] {
        assert_eq!(keys.seal(number, &HEADER, &mut payload, &mut tag), Err(SealError::GenerationSkipped));
    }
    seal(&mut keys, FIRST + SIZE);
    seal(&mut keys, FIRST + 2 * SIZE);
}

#[test]
fn what_a_receiver_still_holds_opens_nothing_older() {
    let mut keys = receiver(ChaCha20Poly1305);
    open(&mut keys, 0, FIRST + SIZE, &packet(FIRST + SIZE)).unwrap();
    // The chain's secret is the one of the generation to come: neither the first secret nor the current one is held.
    let second = keyed_hash_256(&secret(), &[b"osier v1 next"]);
    assert_ne!(keys.generations.chain.secret, secret());
    assert_ne!(keys.generations.chain.secret, second);
    assert_eq!(keys.generations.chain.secret, keyed_hash_256(&second, &[b"osier v1 next"]));
}
