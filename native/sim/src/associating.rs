//! Associations as finished handshakes would make them, directly or over relays.

use crate::host::Credit;
use crate::network::{path_from, HostId, Network};
use osier_core::{AssociationConfig, Cipher, HopKeys, Path, RouteChange, RouteId, SessionConfig};

/// One end of an association to be made.
struct End {
    index: u32,
    path: Path,
    key: [u8; 32],
    hop_key: Option<[u8; 16]>,
}

impl Network {
    /// Connects two hosts as a finished handshake would; `a` is the initiator. Returns their association handles.
    pub fn associate(&mut self, a: HostId, b: HostId, cipher: Cipher) -> (u32, u32) {
        let paths = (path_from(self.address(b)), path_from(self.address(a)));
        self.associate_by(a, b, cipher, paths)
    }

    /// The same over whatever relays the routes name.
    pub fn associate_over_relays(&mut self, a: HostId, b: HostId, cipher: Cipher) -> (u32, u32) {
        let paths = (Path::relayed_to(self.route_id(b), None), Path::relayed_to(self.route_id(a), None));
        self.associate_by(a, b, cipher, paths)
    }

    /// What relays know a host by.
    pub fn route_id(&self, host: HostId) -> RouteId {
        match self.hosts[host.0].route_id {
            Some(id) => id,
            None => panic!("the host is not configured to be relayed to"),
        }
    }

    /// Has packets of `host` for `destination` go by the association `next`.
    pub fn set_route(&mut self, host: HostId, destination: HostId, next: Option<u32>, mtu_bytes: u32) {
        let change = RouteChange { destination: self.route_id(destination), next, mtu_bytes };
        let now = self.now();
        self.engine(host).set_routes(now, &[change]);
        self.flush(host);
    }

    fn associate_by(&mut self, a: HostId, b: HostId, cipher: Cipher, paths: (Path, Path)) -> (u32, u32) {
        let keys = (self.rng.bytes32(), self.rng.bytes32());
        let indices = (self.reserve(a), self.reserve(b));
        let handles = (self.create(a, b, 0), self.create(b, a, 1));
        let is_relayed = self.hosts[a.0].route_id.is_some() && self.hosts[b.0].route_id.is_some();
        let hop_key = |of: &[u8; 32]| is_relayed.then(|| std::array::from_fn(|at| of[at] ^ 0xff));
        let hop_keys = (hop_key(&keys.0), hop_key(&keys.1));
        let ends = (
            End { index: indices.0, path: paths.0, key: keys.0, hop_key: hop_keys.0 },
            End { index: indices.1, path: paths.1, key: keys.1, hop_key: hop_keys.1 },
        );
        let now = self.now();
        let responder = session(&ends.1, &ends.0, cipher, false);
        self.engine(b).install_session(now, handles.1, &responder);
        let initiator = session(&ends.0, &ends.1, cipher, true);
        self.engine(a).install_session(now, handles.0, &initiator);
        self.flush(a);
        handles
    }

    fn reserve(&mut self, host: HostId) -> u32 {
        match self.engine(host).reserve_index([0; 32]) {
            Some(index) => index,
            None => panic!("no receiver index left"),
        }
    }

    fn create(&mut self, host: HostId, peer: HostId, parity: u8) -> u32 {
        let Credit { data, stream_data, streams } = self.hosts[peer.0].credit;
        let config = AssociationConfig {
            parity,
            peer_max_data: data,
            peer_max_stream_data: stream_data,
            peer_max_streams: streams,
            peer_route_id: self.hosts[peer.0].route_id,
        };
        let now = self.now();
        match self.engine(host).create_association(now, &config) {
            Ok(handle) => handle,
            Err(refused) => panic!("no association: {refused:?}"),
        }
    }
}

/// The session of `own` with `other`.
fn session(own: &End, other: &End, cipher: Cipher, is_initiator: bool) -> SessionConfig {
    let hop_keys = own.hop_key.zip(other.hop_key).map(|(send, receive)| HopKeys { send, receive });
    SessionConfig {
        local_index: own.index,
        remote_index: other.index,
        cipher,
        send_key: own.key,
        receive_key: other.key,
        hop_keys,
        first_send: 0,
        first_receive: 0,
        path: own.path,
        begun_here: is_initiator,
        confirmed: is_initiator,
        preferred: true,
    }
}
