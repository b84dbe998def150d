//! A proxy whose connections can be cut in the middle.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A proxy that forwards connections to a server, and cuts them when the test says so.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    wire: Arc<Wire>,
}

#[derive(Debug)]
struct Wire {
    server: SocketAddr,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cut: Option<Cut>,
    /// Both ends of each connection.
    connections: Vec<[TcpStream; 2]>,
}

/// The point at which the next connection that is used is cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// The cut comes after this number of bytes to the server.
    Request(usize),
    /// The cut comes instead of an answer, after this number of other answers.
    Answer(usize),
}

impl Proxy {
    /// Creates a proxy in front of this server. The proxy ends with the process.
    #[must_use]
    pub fn new(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let wire = Arc::new(Wire { server, state: Mutex::default() });
        let accepting = Arc::clone(&wire);
        thread::spawn(move || {
            for client in listener.incoming() {
                // If the server is down, the client sees its connection end.
                let _ = client.and_then(|client| Wire::connect(&accepting, client));
            }
        });
        Self { address, wire }
    }

    /// Returns the address to which clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection now.
    pub fn cut(&self) {
        for [client, server] in self.wire.lock().connections.drain(..) {
            end(&client, &server);
        }
    }

    /// Lets this number of bytes pass to the server, then cuts the connection in the middle of a request or at its end.
    pub fn cut_request_after(&self, bytes: usize) {
        self.wire.lock().cut = Some(Cut::Request(bytes));
    }

    /// Lets this number of answers pass, then cuts the connection instead of the next, when its request is already
    /// done.
    pub fn cut_answer_after(&self, answers: usize) {
        self.wire.lock().cut = Some(Cut::Answer(answers));
    }
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(wire: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        let server = TcpStream::connect(wire.server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        wire.lock().connections.push([client.try_clone()?, server.try_clone()?]);
        let (there, back) = (Arc::clone(wire), Arc::clone(wire));
        let (client_end, server_end) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || forward(client_end, server_end, |bytes| there.lock().passes_request(bytes)));
        thread::spawn(move || forward(server, client, |_| back.lock().passes_answer()));
        Ok(())
    }
}

impl State {
    /// Returns how many of `bytes` bytes pass to the server, and `true` if the connection is cut after them.
    fn passes_request(&mut self, bytes: usize) -> (usize, bool) {
        match self.cut {
            Some(Cut::Request(left)) if left <= bytes => {
                self.cut = None;
                (left, true)
            }
            Some(Cut::Request(left)) => {
                self.cut = Some(Cut::Request(left - bytes));
                (bytes, false)
            }
            _ => (bytes, false),
        }
    }

    fn passes_answer(&mut self) -> (usize, bool) {
        match self.cut {
            Some(Cut::Answer(0)) => {
                self.cut = None;
                (0, true)
            }
            Some(Cut::Answer(left)) => {
                self.cut = Some(Cut::Answer(left - 1));
                (usize::MAX, false)
            }
            _ => (usize::MAX, false),
        }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(usize) -> (usize, bool)) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer)
        && read > 0
    {
        let (passing, cut) = passes(read);
        if to.write_all(&buffer[..passing.min(read)]).is_err() || cut {
            break;
        }
    }
    end(&from, &to);
}

fn end(client: &TcpStream, server: &TcpStream) {
    for stream in [client, server] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}
