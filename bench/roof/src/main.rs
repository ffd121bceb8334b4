//! The roof: how fast this machine moves sealed packets through bare UDP sockets, with nothing of a transport around them. It does the work that no
//! transport can avoid: the bytes are copied in, each packet is sealed, sent as trains (GSO), received as trains (GRO), opened, and compared with
//! what was sent. The only word that goes back is how much was
//! taken, so that the sender does not outrun the receiver's buffer; there are no acknowledgements of packets, no repairs, no streams.
//!
//! `osier-roof receive SIZE CIPHER TRAINS WARM_UP_MS MEASURE_MS` prints its port, then one line of JSON. `osier-roof send SIZE CIPHER TRAINS PORT` sends
//! until it is killed. CIPHER: `chacha20-poly1305`, `aes-256-gcm` or `none`, which only copies; TRAINS: `trains`, or `packets` for a train of one each.

mod packet;
mod pattern;
mod receive;
mod send;
mod socket;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["receive", size, cipher, trains, warm_up, measure] => shape(size, cipher, trains)
            .and_then(|shape| receive::run(&shape, number(warm_up)?, number(measure)?)),
        ["send", size, cipher, trains, port] => shape(size, cipher, trains)
            .and_then(|shape| send::run(&shape, u16::try_from(number(port)?).map_err(invalid)?)),
        _ => Err(invalid("usage: osier-roof receive SIZE CIPHER TRAINS WARM_UP_MS MEASURE_MS | osier-roof send SIZE CIPHER TRAINS PORT")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("osier-roof: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What both ends agree on.
pub(crate) struct Shape {
    /// Of a packet, header and tag included.
    pub(crate) packet_bytes: usize,
    pub(crate) cipher: String,
    pub(crate) has_trains: bool,
}

fn shape(size: &str, cipher: &str, trains: &str) -> std::io::Result<Shape> {
    let has_trains = match trains {
        "trains" => true,
        "packets" => false,
        _ => return Err(invalid(format!("neither trains nor packets: {trains}"))),
    };
    Ok(Shape { packet_bytes: number(size)? as usize, cipher: cipher.into(), has_trains })
}

fn number(text: &str) -> std::io::Result<u64> {
    text.parse().map_err(|_| invalid(format!("not a number: {text}")))
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, error)
}
