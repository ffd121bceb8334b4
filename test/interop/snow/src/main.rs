//! One end of `Noise_IK_25519_ChaChaPoly_BLAKE2b` or `Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b` by the crate `snow`, driven by lines on standard input, all bytes in hex:
//!
//! ```text
//! initiator PROLOGUE LOCAL_SECRET REMOTE_PUBLIC   begins as initiator            answers: ok
//! responder PROLOGUE LOCAL_SECRET                 begins as responder            answers: ok
//! xx-initiator PROLOGUE LOCAL_SECRET PSK          begins a join as initiator     answers: ok
//! xx-responder PROLOGUE LOCAL_SECRET PSK          begins a join as responder     answers: ok
//! write PAYLOAD                                   makes the next message         answers: ok MESSAGE
//! read MESSAGE                                    reads the next message         answers: ok PAYLOAD
//! remote                                          the other end's static key     answers: ok PUBLIC
//! split                                           the keys of Split()            answers: ok I->R R->I
//! ```
//!
//! Bytes that are empty are written `-`. What fails is answered by `error` and the reason; the end stays as it was.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{stdin, stdout, BufRead, Write};

use snow::{Builder, HandshakeState};

const IK: &str = "Noise_IK_25519_ChaChaPoly_BLAKE2b";
const XX: &str = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b";
const MESSAGE_BYTES_MAX: usize = 65_535;

fn main() -> Result<(), Box<dyn Error>> {
    let mut state = None;
    for line in stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match carry_out(&mut state, &words) {
            Ok(result) => format!("ok {result}"),
            Err(error) => format!("error {error}"),
        };
        let mut out = stdout().lock();
        writeln!(out, "{}", answer.trim_end())?;
        out.flush()?;
    }
    Ok(())
}

fn carry_out(state: &mut Option<HandshakeState>, words: &[&str]) -> Result<String, Box<dyn Error>> {
    if let ["initiator" | "responder" | "xx-initiator" | "xx-responder", ..] = words {
        *state = Some(begin(words)?);
        return Ok(String::new());
    }
    let state = state.as_mut().ok_or("no handshake has begun")?;
    match words {
        ["write", payload] => {
            let mut message = vec![0; MESSAGE_BYTES_MAX];
            let length = state.write_message(&bytes(payload)?, &mut message)?;
            Ok(text(&message[..length]))
        }
        ["read", message] => {
            let mut payload = vec![0; MESSAGE_BYTES_MAX];
            let length = state.read_message(&bytes(message)?, &mut payload)?;
            Ok(text(&payload[..length]))
        }
        ["remote"] => Ok(text(state.get_remote_static().ok_or("not known yet")?)),
        ["split"] => {
            let (initiator, responder) = state.dangerously_get_raw_split();
            Ok(format!("{} {}", text(&initiator), text(&responder)))
        }
        _ => Err("not a command".into()),
    }
}

fn begin(words: &[&str]) -> Result<HandshakeState, Box<dyn Error>> {
    match words {
        ["initiator", prologue, secret, remote] => {
            let (prologue, secret, remote) = (bytes(prologue)?, bytes(secret)?, bytes(remote)?);
            let builder = Builder::new(IK.parse()?).prologue(&prologue)?.local_private_key(&secret)?;
            Ok(builder.remote_public_key(&remote)?.build_initiator()?)
        }
        ["responder", prologue, secret] => {
            let (prologue, secret) = (bytes(prologue)?, bytes(secret)?);
            let builder = Builder::new(IK.parse()?).prologue(&prologue)?.local_private_key(&secret)?;
            Ok(builder.build_responder()?)
        }
        [role @ ("xx-initiator" | "xx-responder"), prologue, secret, psk] => {
            let (prologue, secret, psk) = (bytes(prologue)?, bytes(secret)?, bytes(psk)?);
            let psk: [u8; 32] = psk.try_into().map_err(|_| "a psk has 32 bytes")?;
            let builder =
                Builder::new(XX.parse()?).prologue(&prologue)?.local_private_key(&secret)?.psk(0, &psk)?;
            Ok(if *role == "xx-initiator" {
                builder.build_initiator()?
            } else {
                builder.build_responder()?
            })
        }
        _ => Err("not a command".into()),
    }
}

fn bytes(word: &str) -> Result<Vec<u8>, hex::FromHexError> {
    hex::decode(if word == "-" { "" } else { word })
}

fn text(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        "-".to_owned()
    } else {
        hex::encode(bytes)
    }
}
