//! Methods about sockets and the endpoint as a whole.

use std::ffi::CString;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::rc::Rc;

use napi_sys as sys;
use osier_core::Path;
use osier_udp::UdpSocket;

use crate::arguments::Arguments;
use crate::driver::Driver;
use crate::endpoint::Endpoint;
use crate::failure::{unfit, Failure};
use crate::js::{Js, JsResult};

/// Bytes of the longest numeric address with a zone.
const LONGEST_HOST: usize = 80;

/// `bind(host, port, sharesPort?): { socket, port }`
pub(crate) fn bind(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let address = socket_address(arguments, 0)?;
    let refused = |error, syscall| Failure::System { error, syscall, address: address.to_string() };
    if !endpoint.is_open() {
        return Err(Failure::State("the engine is closed"));
    }
    let shares_port = arguments.optional_boolean(2, c"sharesPort")?;
    let open = if shares_port { UdpSocket::bind_shared } else { UdpSocket::bind };
    let socket = open(address).map_err(|error| refused(error, "bind"))?;
    endpoint.hold(js)?;
    let (descriptor, port) = (socket.as_raw_fd(), socket.local_address().port());
    let number = endpoint
        .with_driver(|driver| driver.add_socket(socket))
        .flatten()
        .ok_or(Failure::State("the engine has too many sockets"))?;
    if let Err(status) = endpoint.watch(number, descriptor) {
        endpoint.with_driver(Driver::remove_last_socket);
        return Err(refused(io::Error::from_raw_os_error(-status), "epoll_ctl"));
    }
    let result = js.object()?;
    js.set(result, c"socket", js.uint32(number.into())?)?;
    js.set(result, c"port", js.uint32(port.into())?)?;
    Ok(result)
}

/// `pathTo(host, port): PathRecord`
pub(crate) fn path_to(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let remote = socket_address(arguments, 0)?;
    let record = endpoint.with_driver(|driver| {
        let socket = driver.sockets().position(|socket| socket.reaches(&remote))?;
        Some(Path { socket: u16::try_from(socket).ok()?, remote, local: None, interface: 0 }.to_record())
    });
    match record.flatten() {
        Some(record) => js.bytes(&record),
        None => {
            let error = io::Error::from_raw_os_error(libc::EAFNOSUPPORT);
            Err(Failure::System { error, syscall: "connect", address: remote.to_string() })
        }
    }
}

/// `flush(): void`
pub(crate) fn flush(
    js: Js,
    endpoint: &Rc<Endpoint>,
    _arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    endpoint.flush();
    js.undefined()
}

/// `setRef(referenced: boolean): void`
pub(crate) fn set_ref(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    endpoint.set_ref(arguments.boolean(0, c"referenced")?);
    js.undefined()
}

/// `close(): void`
pub(crate) fn close(
    js: Js,
    endpoint: &Rc<Endpoint>,
    _arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    endpoint.close();
    js.undefined()
}

/// The arguments `host` and `port`, from `first` on. An IPv6 host may end in `%zone`, a number or the name of an interface.
pub(crate) fn socket_address(arguments: &Arguments, first: usize) -> JsResult<SocketAddr> {
    let host = arguments.string(first, c"host", LONGEST_HOST)?;
    let port = arguments.up_to(first + 1, c"port", u16::MAX.into())? as u16;
    let (numeric, zone) = match host.split_once('%') {
        Some((numeric, zone)) => (numeric, Some(zone)),
        None => (host.as_str(), None),
    };
    let address = numeric.parse::<IpAddr>().map_err(|_| unfit(c"host", "a numeric address"))?;
    match (address, zone) {
        (IpAddr::V6(ip), Some(zone)) => Ok(SocketAddrV6::new(ip, port, 0, zone_index(zone)?).into()),
        (IpAddr::V4(_), Some(_)) => Err(unfit(c"host", "without a zone unless it is an IPv6 address")),
        (_, None) => Ok(SocketAddr::new(address, port)),
    }
}

fn zone_index(zone: &str) -> JsResult<u32> {
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    let name = CString::new(zone).map_err(|_| unfit(c"host", "without zero bytes"))?;
    // SAFETY: the name is terminated.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Failure::System {
            error: io::Error::last_os_error(),
            syscall: "if_nametoindex",
            address: zone.to_owned(),
        }),
        index => Ok(index),
    }
}
