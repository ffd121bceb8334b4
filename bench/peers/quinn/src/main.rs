//! quinn, tuned: large windows, large socket buffers, a fixed packet size, GSO and GRO as it brings them.

use std::cell::OnceCell;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use bytes::Bytes;
use peer_work::{Arriving, Connection, Failure, Listener, Plan, Receiver, Sender, Transport};
use quinn::congestion::{BbrConfig, CubicConfig};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Endpoint, EndpointConfig, MtuDiscoveryConfig, ServerConfig, TokioRuntime, TransportConfig,
    VarInt,
};
use rustls::crypto::{ring, CryptoProvider};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// Enough for 1 Gbit/s at 100 ms.
const WINDOW_BYTES: u32 = 16 << 20;
const STREAMS: u32 = 1_024;
/// Others have 0.
const PREFERRED: i32 = 1;

fn main() {
    peer_work::run(|plan| Ok(Quinn { plan: plan.clone(), shared: OnceCell::new() }));
}

struct Quinn {
    plan: Plan,
    /// The endpoint of all connections, where the plan asks for one.
    shared: OnceCell<Endpoint>,
}

impl Transport for Quinn {
    type Listener = Accepting;

    fn settings(&self) -> String {
        let Plan { cipher, congestion, packet_bytes, .. } = &self.plan;
        format!(
            "{cipher}, {congestion}, packets of {packet_bytes} B, windows of 16 MiB, socket buffers of 4 MiB"
        )
    }

    fn listen(&self) -> Result<(Accepting, String), Failure> {
        let certified = rcgen::generate_simple_self_signed(vec!["bench".into()])?;
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
        let tls = rustls::ServerConfig::builder_with_provider(self.provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key.into())?;
        let mut server = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
        server.transport_config(self.transport()?);
        let endpoint = self.endpoint(Some(server))?;
        let certificate: String = certified.cert.der().iter().map(|byte| format!("{byte:02x}")).collect();
        let address = format!("{} {certificate}", endpoint.local_addr()?);
        Ok((Accepting(endpoint), address))
    }

    async fn connect(&self, address: &str) -> Result<Connected, Failure> {
        let (address, certificate) = address.split_once(' ').ok_or("no certificate")?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(bytes_of(certificate)?))?;
        let tls = rustls::ClientConfig::builder_with_provider(self.provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut client = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
        client.transport_config(self.transport()?);
        let endpoint = self.caller()?;
        let connection = endpoint.connect_with(client, address.parse()?, "bench")?.await?;
        Ok(Connected { connection, _endpoint: endpoint })
    }
}

impl Quinn {
    fn provider(&self) -> Arc<CryptoProvider> {
        let mut provider = ring::default_provider();
        let name = match self.plan.cipher.as_str() {
            "chacha20-poly1305" => rustls::CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
            _ => rustls::CipherSuite::TLS13_AES_256_GCM_SHA384,
        };
        // The first packets of QUIC are always sealed by AES-128-GCM; what is agreed on is the first that both have.
        provider.cipher_suites.sort_by_key(|suite| suite.suite() != name);
        Arc::new(provider)
    }

    fn transport(&self) -> Result<Arc<TransportConfig>, Failure> {
        let mut transport = TransportConfig::default();
        transport
            .stream_receive_window(VarInt::from_u32(WINDOW_BYTES))
            .receive_window(VarInt::from_u32(4 * WINDOW_BYTES))
            .send_window(u64::from(WINDOW_BYTES))
            .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS));
        if self.plan.congestion == "bbr" {
            transport.congestion_controller_factory(Arc::new(BbrConfig::default()));
        } else {
            transport.congestion_controller_factory(Arc::new(CubicConfig::default()));
        }
        if self.plan.packet_bytes > 0 {
            transport.initial_mtu(self.plan.packet_bytes).min_mtu(self.plan.packet_bytes);
            transport.mtu_discovery_config(None);
        } else {
            let mut discovery = MtuDiscoveryConfig::default();
            discovery.upper_bound(1_472);
            transport.mtu_discovery_config(Some(discovery));
        }
        Ok(Arc::new(transport))
    }

    /// The endpoint of the next connection.
    fn caller(&self) -> Result<Endpoint, Failure> {
        if self.plan.dialers == 0 {
            return self.endpoint(None);
        }
        if self.shared.get().is_none() {
            let _ = self.shared.set(self.endpoint(None)?);
        }
        Ok(self.shared.get().ok_or("no endpoint")?.clone())
    }

    fn endpoint(&self, server: Option<ServerConfig>) -> Result<Endpoint, Failure> {
        let host = std::env::var("OSIER_BENCH_HOST").unwrap_or_else(|_| "127.0.0.1".into());
        let socket = UdpSocket::bind(SocketAddr::new(host.parse()?, 0))?;
        peer_work::enlarge_buffers(&socket);
        Ok(Endpoint::new(EndpointConfig::default(), server, socket, Arc::new(TokioRuntime))?)
    }
}

fn bytes_of(digits: &str) -> Result<Vec<u8>, Failure> {
    let pairs = (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16));
    Ok(pairs.collect::<Result<_, _>>()?)
}

struct Accepting(Endpoint);

impl Listener for Accepting {
    type Connection = Connected;

    async fn arriving(&mut self) -> Option<Arriving<Connected>> {
        let incoming = self.0.accept().await?;
        let endpoint = self.0.clone();
        Some(Box::pin(async { Ok(Connected { connection: incoming.await?, _endpoint: endpoint }) }))
    }
}

#[derive(Clone)]
struct Connected {
    connection: quinn::Connection,
    _endpoint: Endpoint,
}

impl Connection for Connected {
    type Sender = Sending;
    type Receiver = Receiving;

    async fn open(&self) -> Result<(Sending, Receiving), Failure> {
        let (sender, receiver) = self.connection.open_bi().await?;
        Ok((Sending(sender), Receiving(receiver)))
    }

    async fn accept(&self) -> Result<Option<(Sending, Receiving)>, Failure> {
        match self.connection.accept_bi().await {
            Ok((sender, receiver)) => Ok(Some((Sending(sender), Receiving(receiver)))),
            Err(_) => Ok(None),
        }
    }

    fn close(&self) {
        self.connection.close(VarInt::from_u32(0), b"");
    }
}

struct Sending(quinn::SendStream);

impl Sender for Sending {
    fn prefer(&mut self) {
        let _ = self.0.set_priority(PREFERRED);
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.0.write_all(bytes).await?)
    }

    async fn finish(&mut self) -> Result<(), Failure> {
        self.0.finish()?;
        self.0.stopped().await?;
        Ok(())
    }
}

struct Receiving(quinn::RecvStream);

impl Receiver for Receiving {
    async fn read(&mut self) -> Result<Option<Bytes>, Failure> {
        Ok(self.0.read_chunk(usize::MAX, true).await?.map(|chunk| chunk.bytes))
    }
}
