//! The debugger's side of GDB's remote protocol, as far as stopping where memory is written.

use std::io::{Read, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream;

use crate::board::PATIENCE;

pub(crate) struct Gdb(UnixStream);

impl Gdb {
    /// QEMU stops when a debugger comes.
    pub(crate) fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Lets the processor run.
    pub(crate) fn resume(&mut self) {
        self.send("c");
    }

    /// Stops the processor.
    pub(crate) fn interrupt(&mut self) {
        self.0.write_all(b"\x03").unwrap();
        let stopped = self.receive();
        assert!(stopped.starts_with('T'), "{stopped}");
    }

    /// Lets the processor run until it has written to one of these addresses, and stops it there.
    pub(crate) fn run_until_write(&mut self, addresses: &Range<u32>) {
        let place = format!("{:x},{:x}", addresses.start, addresses.len());
        self.ask(&format!("Z2,{place}"), "OK");
        self.resume();
        let stopped = self.receive();
        assert!(stopped.contains("watch:"), "{stopped}");
        // QEMU stops before the write to a device, and would stop there again.
        self.ask(&format!("z2,{place}"), "OK");
        self.ask("s", "T05");
    }

    fn ask(&mut self, packet: &str, answer: &str) {
        self.send(packet);
        let received = self.receive();
        assert!(received.starts_with(answer), "{packet}: {received}");
    }

    fn send(&mut self, packet: &str) {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        write!(self.0, "${packet}#{sum:02x}").unwrap();
    }

    fn receive(&mut self) -> String {
        let mut packet = String::new();
        // Before it there are acknowledgements of what was sent.
        while self.byte() != b'$' {}
        loop {
            match self.byte() {
                b'#' => break,
                byte => packet.push(byte.into()),
            }
        }
        let _sum = [self.byte(), self.byte()];
        self.0.write_all(b"+").unwrap();
        packet
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.0.read_exact(&mut byte).expect("QEMU stays there");
        byte[0]
    }
}
