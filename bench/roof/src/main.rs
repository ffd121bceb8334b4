//! The roof: how fast this machine moves sealed packets through bare UDP sockets, with nothing of a transport around them. It does the work that no
//! transport can avoid: the bytes are copied in, each packet is sealed, sent as trains (GSO), received as trains (GRO), opened, and compared with
//! what was sent. The only word that goes back is how much was
//! taken, so that the sender does not outrun the receiver's buffer; there are no acknowledgements of packets, no repairs, no streams.
//!
//! `osier-roof receive SIZE WARM_UP_MS MEASURE_MS` prints its port, then one line of JSON. `osier-roof send SIZE PORT` sends until it is killed.

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
        ["receive", size, warm_up, measure] => parse3(size, warm_up, measure)
            .and_then(|(size, warm_up, measure)| receive::run(size as usize, warm_up, measure)),
        ["send", size, port] => parse3(size, port, "0")
            .and_then(|(size, port, _)| send::run(size as usize, u16::try_from(port).map_err(invalid)?)),
        _ => Err(invalid("usage: osier-roof receive SIZE WARM_UP_MS MEASURE_MS | osier-roof send SIZE PORT")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("osier-roof: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse3(a: &str, b: &str, c: &str) -> std::io::Result<(u64, u64, u64)> {
    let number = |text: &str| text.parse().map_err(|_| invalid(format!("not a number: {text}")));
    Ok((number(a)?, number(b)?, number(c)?))
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, error)
}
