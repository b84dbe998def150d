//! The debugger's side of GDB's remote protocol, reduced to stopping at a write to memory.

use std::io::{Read, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream;

use crate::board::PATIENCE;

/// A connection to QEMU's GDB server.
pub(crate) struct Gdb(UnixStream);

impl Gdb {
    /// Creates a debugger on a connection. QEMU stops the processor when a debugger connects.
    pub(crate) fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Resumes the processor.
    pub(crate) fn resume(&mut self) {
        self.send("c");
    }

    /// Stops the processor.
    pub(crate) fn interrupt(&mut self) {
        self.0.write_all(b"\x03").unwrap();
        let stopped = self.receive();
        assert!(stopped.starts_with('T'), "{stopped}");
    }

    /// Runs the processor until it has written to one of these addresses, and stops it there.
    pub(crate) fn run_until_write(&mut self, addresses: &Range<u32>) {
        let place = format!("{:x},{:x}", addresses.start, addresses.len());
        self.ask(&format!("Z2,{place}"), "OK");
        self.resume();
        let stopped = self.receive();
        assert!(stopped.contains("watch:"), "{stopped}");
        // QEMU stops before the write to a device. With the watchpoint still set it would stop there again.
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
        // Acknowledgements of sent packets come before the packet.
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
