//! A TUN device in a network namespace, with an address, up.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

const NAME: &str = "netem0";

/// Packets that the device keeps while nobody reads, so that no queue but the link's matters.
const DEVICE_QUEUE_PACKETS: &str = "10000";

pub(crate) struct Tun(File);

impl AsRawFd for Tun {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Tun {
    /// Makes the device; it goes with this process.
    pub(crate) fn open(namespace: &str, address: &str, mtu: u32) -> Result<Self, Box<dyn std::error::Error>> {
        let home = File::open("/proc/self/ns/net")?;
        enter(&File::open(format!("/run/netns/{namespace}"))?)?;
        let made = Self::create();
        enter(&home)?;
        let tun = made?;
        let mtu = mtu.to_string();
        for arguments in [
            vec!["link", "set", NAME, "mtu", &mtu, "txqueuelen", DEVICE_QUEUE_PACKETS],
            vec!["addr", "add", address, "dev", NAME],
            vec!["link", "set", NAME, "up"],
            vec!["link", "set", "lo", "up"],
        ] {
            let status = Command::new("ip").args(["-n", namespace]).args(&arguments).status()?;
            if !status.success() {
                return Err(format!("`ip -n {namespace} {}` failed", arguments.join(" ")).into());
            }
        }
        Ok(tun)
    }

    fn create() -> io::Result<Self> {
        let device =
            OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun")?;
        // SAFETY: the structure is plain numbers.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(NAME.bytes()) {
            *to = from as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
        // SAFETY: the request names a device and its kind, and outlives the call.
        if unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF, &raw const request) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(device))
    }

    /// The length of the next packet; `None`: there is none.
    pub(crate) fn read(&self, packet: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.0).read(packet) {
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A packet that the namespace does not take is lost, as on any link.
    pub(crate) fn write(&self, packet: &[u8]) -> io::Result<()> {
        match (&self.0).write(packet) {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EINVAL | libc::ENOBUFS)) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Moves this thread to a network namespace.
fn enter(namespace: &File) -> io::Result<()> {
    // SAFETY: the descriptor is that of a namespace and is open.
    if unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
