//! What the native peers do in the benchmarks, over whatever transport they bring: the same work, and the same lines of
//! JSON on stdout, as the workers of Node. Each process has one thread, pinned from outside.

mod beside;
mod bulk;
mod completion;
mod echo;
mod fan_out;
mod handshakes;
mod memory;
mod messages;
// What the roof moves: the two workspaces have no crate in common.
#[path = "../../../roof/src/pattern.rs"]
mod pattern;
mod plan;
mod report;
mod set_up;
mod socket_buffers;
mod span;
mod stop;

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

pub use plan::Plan;
pub use socket_buffers::enlarge_buffers;

/// Whatever went wrong: the run ends with its text.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The sending half of a stream.
pub trait Sender: Send + 'static {
    /// Goes before the other streams of its connection, where the transport has priorities.
    fn prefer(&mut self) {}
    /// Resolves when all of `bytes` is taken.
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Ends the stream and waits until the other end has everything.
    fn finish(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The receiving half of a stream.
pub trait Receiver: Send + 'static {
    /// The next bytes as they come; `None` at the end.
    fn read(&mut self) -> impl Future<Output = Result<Option<Bytes>, Failure>> + Send;
}

/// One connection.
pub trait Connection: Clone + Send + 'static {
    /// See [`Sender`].
    type Sender: Sender;
    /// See [`Receiver`].
    type Receiver: Receiver;
    /// Opens a stream.
    fn open(&self) -> impl Future<Output = Result<Halves<Self>, Failure>> + Send;
    /// The next stream that the other end opens; `None` when the connection is over.
    fn accept(&self) -> impl Future<Output = Result<Option<Halves<Self>>, Failure>> + Send;
    /// Ends it at once.
    fn close(&self);
}

/// Both halves of a stream.
pub type Halves<C> = (<C as Connection>::Sender, <C as Connection>::Receiver);

/// A transport: how to listen and how to connect.
pub trait Transport {
    /// See [`Listener`].
    type Listener: Listener;
    /// What differs from the defaults, for the report.
    fn settings(&self) -> String;
    /// Binds a port of the loopback; what `connect` needs to get there comes with it.
    fn listen(&self) -> Result<(Self::Listener, String), Failure>;
    /// Connects to what [`Transport::listen`] told.
    fn connect(
        &self,
        address: &str,
    ) -> impl Future<Output = Result<<Self::Listener as Listener>::Connection, Failure>>;
}

/// Accepts connections.
pub trait Listener: Send + 'static {
    /// See [`Connection`].
    type Connection: Connection;
    /// The next that knocks, whose handshake goes on by itself; `None` when it is over.
    fn arriving(&mut self) -> impl Future<Output = Option<Arriving<Self::Connection>>> + Send;
    /// The next connection; `None` when it is over.
    fn accept(&mut self) -> impl Future<Output = Result<Option<Self::Connection>, Failure>> + Send {
        async {
            match self.arriving().await {
                Some(arriving) => Ok(Some(arriving.await?)),
                None => Ok(None),
            }
        }
    }
}

/// A connection whose handshake is not done.
pub type Arriving<C> = Pin<Box<dyn Future<Output = Result<C, Failure>> + Send>>;

/// Runs `ROLE WORK PLAN [ADDRESS]` of the command line: role `receiver` or `sender`, work one of the modules here, and the plan as JSON.
pub fn run<T: Transport>(transport: impl FnOnce(&Plan) -> Result<T, Failure>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(run_role(transport));
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(error.into()),
    };
    if let Err(failure) = outcome {
        report::failure(&*failure);
        std::process::exit(1);
    }
}

async fn run_role<T: Transport>(transport: impl FnOnce(&Plan) -> Result<T, Failure>) -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(role), Some(work), Some(plan)) = (arguments.first(), arguments.get(1), arguments.get(2)) else {
        return Err("usage: ROLE WORK PLAN [ADDRESS]".into());
    };
    let plan: Plan = serde_json::from_str(plan)?;
    let transport = transport(&plan)?;
    if role == "receiver" {
        let (listener, address) = transport.listen()?;
        report::address(&address, &transport.settings());
        return match work.as_str() {
            "bulk" => bulk::receive(listener, &plan).await,
            "messages" => messages::receive(listener, &plan).await,
            "echo" | "set-up" => echo::serve(listener).await,
            "beside" => beside::receive(listener, &plan).await,
            "completion" => completion::receive(listener, &plan).await,
            "fan-out" => fan_out::hub(listener, &plan).await,
            "handshakes" => handshakes::accept(listener).await,
            "memory" => memory::serve(listener).await,
            _ => Err(format!("no work {work}").into()),
        };
    }
    let address = arguments.get(3).ok_or("the sender needs an address")?;
    match work.as_str() {
        "set-up" => set_up::measure(&transport, address, &plan).await,
        "bulk" => bulk::send(transport.connect(address).await?, &plan).await,
        "messages" => messages::send(transport.connect(address).await?, &plan).await,
        "echo" => echo::ask(transport.connect(address).await?, &plan).await,
        "beside" => beside::send(transport.connect(address).await?, &plan).await,
        "completion" => completion::measure(&transport, address, &plan).await,
        "fan-out" => fan_out::peers(&transport, address, &plan).await,
        "handshakes" => handshakes::measure(&transport, address, &plan).await,
        "memory" => memory::hold(&transport, address, &plan).await,
        _ => Err(format!("no work {work}").into()),
    }
}
