//! A port on loopback that refuses connections, and stays this test's own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// Bound, but not listening: the kernel refuses what comes, and gives the number to nobody else. A
/// port that is merely free may be another test's server a moment later.
pub(crate) struct RefusingPort(Socket);

impl RefusingPort {
    pub(crate) fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        // A program that does the same may listen on it, as long as nobody else does: socket(7).
        socket
            .set_reuse_address(true)
            .expect("the number can be shared");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("a port on loopback");
        RefusingPort(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.0.local_addr().expect("its address");
        address.as_socket().expect("an IPv4 address")
    }

    /// From here on connections are taken.
    pub(crate) fn listen(self) -> TcpListener {
        self.0.listen(16).expect("it listens");
        self.0.into()
    }
}
