//! Steering: sockets that share a port form a group, and a classic BPF program of the kernel picks the one that a datagram, or a whole train, goes to
//! (socket(7), SO_ATTACH_REUSEPORT_CBPF).

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use crate::features::FeatureName;
use crate::socket::UdpSocket;

/// Where the byte that names the shard lies in a datagram.
const SHARD_OFFSET: u32 = 7;
/// Shards that one byte can name.
const MAX_SHARDS: usize = 256;

/// `BPF_LD | BPF_B | BPF_ABS`: loads one byte of the datagram; a program that loads what is not there ends with 0.
const LOAD_BYTE: u16 = 0x30;
/// `BPF_JMP | BPF_JEQ | BPF_K`.
const JUMP_IF_EQUAL: u16 = 0x15;
/// `BPF_RET | BPF_K`.
const RETURN: u16 = 0x06;

impl UdpSocket {
    /// Steers what arrives for the group of this socket, for all its members: `order[position]` is the shard of the socket that was bound as the
    /// `position`-th. When a socket of the group is closed the last one takes its position, and a new program is needed. A datagram that names no
    /// shard of `order`, or is too short to name one, goes to the first position.
    ///
    /// # Errors
    /// EINVAL for an order of no or more than 256 shards and for a socket that was not bound by [`UdpSocket::bind_shared`]; those of `setsockopt`.
    pub fn steer(&mut self, order: &[u8]) -> io::Result<()> {
        self.attach(order).inspect_err(|error| {
            let code = error.raw_os_error().unwrap_or(libc::EIO);
            self.features.record(FeatureName::Steering, Err(io::Error::from_raw_os_error(code)));
        })?;
        self.features.record(FeatureName::Steering, Ok(()));
        Ok(())
    }

    fn attach(&self, order: &[u8]) -> io::Result<()> {
        if order.is_empty() || order.len() > MAX_SHARDS {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let mut instructions = program(order);
        let program =
            libc::sock_fprog { len: instructions.len() as libc::c_ushort, filter: instructions.as_mut_ptr() };
        // SAFETY: the descriptor is open; the pointer and length describe `program`, and its own describe `instructions`.
        let outcome = unsafe {
            libc::setsockopt(
                self.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_REUSEPORT_CBPF,
                std::ptr::from_ref(&program).cast(),
                size_of::<libc::sock_fprog>() as libc::socklen_t,
            )
        };
        if outcome == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

/// Compares the shard of a datagram with each of `order` and returns the position of the first that is equal, 0 when none is.
fn program(order: &[u8]) -> Vec<libc::sock_filter> {
    let mut instructions = vec![instruction(LOAD_BYTE, 0, SHARD_OFFSET)];
    for (position, shard) in order.iter().enumerate() {
        instructions.push(instruction(JUMP_IF_EQUAL, 1, u32::from(*shard)));
        instructions.push(instruction(RETURN, 0, position as u32));
    }
    instructions.push(instruction(RETURN, 0, 0));
    instructions
}

/// `skipped`: instructions that a comparison passes over when it fails.
fn instruction(code: u16, skipped: u8, operand: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt: 0, jf: skipped, k: operand }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would return for `datagram`.
    fn run(instructions: &[libc::sock_filter], datagram: &[u8]) -> u32 {
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let libc::sock_filter { code, jt, jf, k } = instructions[at];
            at += 1;
            match code {
                LOAD_BYTE => match datagram.get(k as usize) {
                    Some(byte) => accumulator = u32::from(*byte),
                    None => return 0,
                },
                JUMP_IF_EQUAL => at += usize::from(if accumulator == k { jt } else { jf }),
                RETURN => return k,
                other => panic!("instruction {other:#x}"),
            }
        }
    }

    fn datagram(shard: u8) -> [u8; 16] {
        let mut bytes = [0xee; 16];
        bytes[SHARD_OFFSET as usize] = shard;
        bytes
    }

    #[test]
    fn every_shard_is_found_at_its_position_whatever_the_order() {
        let all: Vec<u8> = (0..=u8::MAX).rev().collect();
        for order in [&[0][..], &[0, 1, 2, 3], &[3, 1, 0, 2], &[7, 255, 0], &all] {
            let instructions = program(order);
            for (position, shard) in order.iter().enumerate() {
                assert_eq!(
                    run(&instructions, &datagram(*shard)),
                    position as u32,
                    "shard {shard} of {order:?}"
                );
            }
        }
    }

    #[test]
    fn what_names_no_shard_of_the_group_goes_to_the_first() {
        let instructions = program(&[2, 1]);
        assert_eq!(run(&instructions, &datagram(0)), 0);
        assert_eq!(run(&instructions, &datagram(9)), 0);
        for length in 0..=7 {
            assert_eq!(run(&instructions, &[1; 7][..length]), 0, "{length} bytes");
        }
    }

    #[test]
    fn the_program_of_all_shards_is_one_that_the_kernel_takes() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        // BPF_MAXINSNS
        assert!(program(&all).len() <= 4_096);
        let mut socket =
            UdpSocket::bind_shared("127.0.0.1:0".parse().expect("an address")).expect("a socket");
        socket.steer(&all).expect("the kernel takes it");
    }

    #[test]
    fn a_refusal_has_the_number_of_its_error() {
        let address = "127.0.0.1:0".parse().expect("an address");
        let code = |outcome: io::Result<()>| outcome.err().and_then(|error| error.raw_os_error());
        let mut alone = UdpSocket::bind(address).expect("a socket");
        assert_eq!(code(alone.steer(&[0])), Some(libc::EINVAL));
        let mut shared = UdpSocket::bind_shared(address).expect("a socket");
        assert_eq!(code(shared.steer(&[])), Some(libc::EINVAL));
        assert_eq!(code(shared.steer(&[0; 257])), Some(libc::EINVAL));
        assert_eq!(code(shared.steer(&[0])), None);
    }
}
