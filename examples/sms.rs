//! A login with a code by SMS, over a gateway that speaks HTTP.
//!
//! Run `cargo run --example sms`. The gateway is a thread of this program, and the subscriber's mobile is its output.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use secondo::decision::Language;
use secondo::factor::{CodeMessage, Destination, Transport};
use secondo::store::Memory;
use secondo::verifier::Sent;
use secondo::{AccountId, Policy, Transaction, UnixTime, Verifier};

/// The provider's transport. A real one has a client with TLS, a time limit, and a token of the gateway.
struct Gateway(SocketAddr);

impl Transport for Gateway {
    type Error = io::Error;

    /// Sends to Italian numbers only. A real one also asks the operator if the SIM was swapped lately.
    async fn screen(&self, destination: &Destination) -> io::Result<bool> {
        Ok(destination.address().starts_with("+39"))
    }

    async fn send(&self, message: &CodeMessage) -> io::Result<()> {
        // From the last line, the browser offers the code on the provider's page, and on no other.
        let (text, line) = (message.text(Language::Italian, "INPS"), message.web_otp_line("idp.example.it"));
        let body = format!("{}\n{}\n\n{}", message.destination().address(), text.as_str(), line.as_str());
        let mut stream = TcpStream::connect(self.0)?;
        write!(stream, "POST /messages HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        stream.shutdown(Shutdown::Write)?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        if response.contains(" 202 ") { Ok(()) } else { Err(io::Error::other("the gateway refused the message")) }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    pollster::block_on(log_in())
}

async fn log_in() -> Result<(), Box<dyn Error>> {
    let (gateway, mobile) = start_gateway()?;
    // Records stay in memory and are not sealed here; the example `enroll` seals them.
    let verifier = Verifier::unsealed(Memory::new(), Policy::default());
    let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;

    // The number is enrolled, and confirmed by its first code. SMS is a restricted authenticator: offer an app as well.
    let (login, now) = (Transaction::new(&rand::random::<[u8; 16]>())?, UnixTime::now()?);
    let number = verifier.enroll_first(&id, &login, Destination::sms("+39 333 123 4567")?, now).await?.number;
    let sent = verifier.send_code(&id, &login, number, &gateway, now, &rand::random()).await?;
    verifier.confirm(&id, &login, number, &arrived(sent, &gateway, &mobile).await?, UnixTime::now()?).await?;
    println!("The number is confirmed.");

    // A login is a transaction of its own: the page offers the masked number, and sends a code.
    let (login, now) = (Transaction::new(&rand::random::<[u8; 16]>())?, UnixTime::now()?);
    let options = verifier.options(&id, &login, now).await?;
    let offered = options.authenticators.first().and_then(|offered| offered.destination).ok_or("a number")?;
    println!("Send a code to {offered}? {} can be sent now.", options.sends_left);
    let sent = verifier.send_code(&id, &login, number, &gateway, now, &rand::random()).await?;
    let code = arrived(sent, &gateway, &mobile).await?;
    println!("Accepted: {:?}", verifier.verify(&id, &login, &code, UnixTime::now()?).await?);
    Ok(())
}

/// Sends a message, as the page does, and reads the code on the mobile, as the subscriber does.
async fn arrived(sent: Sent, gateway: &Gateway, mobile: &Receiver<String>) -> Result<String, Box<dyn Error>> {
    match sent {
        // If this fails, the page says so, and can ask for another code after a pause.
        Sent::New(message) => gateway.send(&message).await?,
        Sent::Repeated { next_at, .. } => println!("A code is on its way. Another one can be sent at {next_at}."),
    }
    let text = mobile.recv()?;
    println!("[mobile] {text}");
    Ok(text.rsplit('#').next().ok_or("a code")?.to_owned())
}

fn start_gateway() -> io::Result<(Gateway, Receiver<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (gateway, (mobile, messages)) = (Gateway(listener.local_addr()?), mpsc::channel());
    thread::spawn(move || -> io::Result<()> {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream?, String::new());
            stream.read_to_string(&mut request)?;
            let _ = mobile.send(request.split_once("\r\n\r\n").unwrap_or_default().1.to_owned());
            stream.write_all(b"HTTP/1.0 202 Accepted\r\n\r\n")?;
        }
        Ok(())
    });
    Ok((gateway, messages))
}
