//! s2n-quic, tuned: large windows and send buffers, packets of up to MTU 1500, its own choice of cipher (AES-128-GCM where the processor has it).

use bytes::Bytes;
use peer_work::{Arriving, Connection, Failure, Listener, Plan, Receiver, Sender, Transport};
use s2n_quic::connection::{Handle, StreamAcceptor};
use s2n_quic::provider::{congestion_controller, io, limits::Limits, tls};
use s2n_quic::stream::{ReceiveStream, SendStream};
use s2n_quic::{client::Connect, Client, Server};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Enough for 1 Gbit/s at 100 ms.
const WINDOW_BYTES: u64 = 16 << 20;
const SEND_BUFFER_BYTES: u32 = 16 << 20;
const STREAMS: u64 = 1_024;
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// IP and UDP headers, which its MTU counts.
const HEADER_BYTES: u16 = 28;
const MTU_BYTES: u16 = 1_500;

fn main() {
    peer_work::run(|plan| Ok(S2n { plan: plan.clone() }));
}

struct S2n {
    plan: Plan,
}

impl Transport for S2n {
    type Listener = Accepting;

    fn settings(&self) -> String {
        format!(
            "its own cipher, {}, MTU {}, windows of 16 MiB, socket buffers of 4 MiB",
            self.plan.congestion,
            self.mtu()
        )
    }

    fn listen(&self) -> Result<(Accepting, String), Failure> {
        let certified = rcgen::generate_simple_self_signed(vec!["bench".into()])?;
        let certificate = certified.cert.pem();
        let tls = tls::rustls::Server::builder()
            .with_certificate(&certificate, certified.signing_key.serialize_pem())?
            .build()?;
        let builder = Server::builder().with_tls(tls)?.with_io(self.io()?)?.with_limits(limits()?)?;
        let server = if self.plan.congestion == "bbr" {
            builder.with_congestion_controller(congestion_controller::Bbr::default())?.start()?
        } else {
            builder.start()?
        };
        let address = server.local_addr()?;
        let certificate: String = certificate.bytes().map(|byte| format!("{byte:02x}")).collect();
        Ok((Accepting(server), format!("{address} {certificate}")))
    }

    async fn connect(&self, address: &str) -> Result<Connected, Failure> {
        let (address, certificate) = address.split_once(' ').ok_or("no certificate")?;
        let certificate = text_of(certificate)?;
        let tls = tls::rustls::Client::builder().with_certificate(certificate.as_str())?.build()?;
        let builder = Client::builder().with_tls(tls)?.with_io(self.io()?)?.with_limits(limits()?)?;
        let client = if self.plan.congestion == "bbr" {
            builder.with_congestion_controller(congestion_controller::Bbr::default())?.start()?
        } else {
            builder.start()?
        };
        let address: SocketAddr = address.parse()?;
        let connection = client.connect(Connect::new(address).with_server_name("bench")).await?;
        Ok(Connected::new(connection, Some(client)))
    }
}

impl S2n {
    fn mtu(&self) -> u16 {
        if self.plan.packet_bytes == 0 {
            MTU_BYTES
        } else {
            self.plan.packet_bytes + HEADER_BYTES
        }
    }

    fn io(&self) -> Result<io::tokio::Provider, Failure> {
        let host = std::env::var("OSIER_BENCH_HOST").unwrap_or_else(|_| "127.0.0.1".into());
        let builder = io::tokio::Provider::builder()
            .with_receive_address(SocketAddr::new(host.parse()?, 0))?
            .with_send_buffer_size(SOCKET_BUFFER_BYTES)?
            .with_recv_buffer_size(SOCKET_BUFFER_BYTES)?
            .with_max_mtu(self.mtu())?
            .with_initial_mtu(self.mtu())?;
        Ok(builder.build()?)
    }
}

fn limits() -> Result<Limits, Failure> {
    Ok(Limits::new()
        .with_data_window(4 * WINDOW_BYTES)?
        .with_bidirectional_local_data_window(WINDOW_BYTES)?
        .with_bidirectional_remote_data_window(WINDOW_BYTES)?
        .with_max_open_local_bidirectional_streams(STREAMS)?
        .with_max_open_remote_bidirectional_streams(STREAMS)?
        .with_max_send_buffer_size(SEND_BUFFER_BYTES)?)
}

fn text_of(digits: &str) -> Result<String, Failure> {
    let pairs = (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16));
    Ok(String::from_utf8(pairs.collect::<Result<_, _>>()?)?)
}

struct Accepting(Server);

impl Listener for Accepting {
    type Connection = Connected;

    async fn arriving(&mut self) -> Option<Arriving<Connected>> {
        let connection = self.0.accept().await?;
        Some(Box::pin(async { Ok(Connected::new(connection, None)) }))
    }
}

#[derive(Clone)]
struct Connected {
    handle: Handle,
    acceptor: Arc<Mutex<StreamAcceptor>>,
    /// Kept for as long as its connection.
    _client: Option<Client>,
}

impl Connected {
    fn new(connection: s2n_quic::Connection, client: Option<Client>) -> Self {
        let (handle, acceptor) = connection.split();
        Self { handle, acceptor: Arc::new(Mutex::new(acceptor)), _client: client }
    }
}

impl Connection for Connected {
    type Sender = Sending;
    type Receiver = Receiving;

    async fn open(&self) -> Result<(Sending, Receiving), Failure> {
        let (receiver, sender) = self.handle.clone().open_bidirectional_stream().await?.split();
        Ok((Sending(sender), Receiving(receiver)))
    }

    async fn accept(&self) -> Result<Option<(Sending, Receiving)>, Failure> {
        match self.acceptor.lock().await.accept_bidirectional_stream().await {
            Ok(Some(stream)) => {
                let (receiver, sender) = stream.split();
                Ok(Some((Sending(sender), Receiving(receiver))))
            }
            Ok(None) | Err(_) => Ok(None),
        }
    }

    fn close(&self) {
        self.handle.close(0_u32.into());
    }
}

struct Sending(SendStream);

impl Sender for Sending {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.0.send(Bytes::copy_from_slice(bytes)).await?)
    }

    async fn finish(&mut self) -> Result<(), Failure> {
        Ok(self.0.close().await?)
    }
}

struct Receiving(ReceiveStream);

impl Receiver for Receiving {
    async fn read(&mut self) -> Result<Option<Bytes>, Failure> {
        Ok(self.0.receive().await?)
    }
}
