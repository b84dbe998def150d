#![allow(clippy::unwrap_used, reason = "a test fails so")]

use std::time::Instant;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

const LONG: Duration = Duration::from_secs(30);
/// Less than a test may wait, and more than a machine under load is late.
const SOON: Duration = Duration::from_secs(10);
const TIMES: Times = Times { head: LONG, idle: LONG, whole: LONG, last: LONG };
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A server with its address and the end of it.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn run(times: Times, most: u32) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let slow = post(async |_: String| "whole");
    let router = Router::new().route("/", get(async || "here")).route("/slow", slow);
    let (stop, stopped) = oneshot::channel();
    let server = Server { router, tls: None, times };
    let task = tokio::spawn(server.run(listener, NonZeroU32::new(most).unwrap(), async { drop(stopped.await) }));
    Running { address, stop, task }
}

/// Sends bytes, and returns what comes next, which is nothing at the end of the connection.
async fn send(stream: &mut TcpStream, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    let mut buffer = [0; 1024];
    let read = timeout(SOON, stream.read(&mut buffer)).await.unwrap().unwrap_or_default();
    String::from_utf8_lossy(buffer.get(..read).unwrap()).into_owned()
}

#[tokio::test]
async fn slow_headers_end_the_connection() {
    let server = run(Times { head: Duration::from_millis(300), ..TIMES }, 9).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // The wait for a request is no part of its time, and each request has a time of its own.
    for _ in 0..2 {
        sleep(Duration::from_millis(400)).await;
        assert!(send(&mut stream, REQUEST).await.ends_with("here"));
    }
    // A byte now and then does not make it longer.
    let (mut reader, mut writer) = stream.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b"G").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    });
    let mut rest = Vec::new();
    drop(timeout(SOON, reader.read_to_end(&mut rest)).await.unwrap());
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    drip.abort();
}

#[tokio::test]
async fn slow_body_has_the_time_of_its_request() {
    let server = run(Times { head: Duration::from_millis(200), ..TIMES }, 9).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n").await.unwrap();
    for byte in [b"a", b"b"] {
        sleep(Duration::from_millis(300)).await;
        stream.write_all(byte).await.unwrap();
    }
    assert!(send(&mut stream, b"").await.ends_with("whole"));
}

#[tokio::test]
async fn idle_connections_end() {
    let server = run(Times { idle: Duration::from_millis(300), ..TIMES }, 9).await;
    let mut new = TcpStream::connect(server.address).await.unwrap();
    let mut used = TcpStream::connect(server.address).await.unwrap();
    assert!(send(&mut used, REQUEST).await.ends_with("here"));
    assert_eq!(send(&mut new, b"").await, "");
    assert_eq!(send(&mut used, b"").await, "");
}

#[tokio::test]
async fn busy_connection_ends_after_its_whole_time() {
    let server = run(Times { whole: Duration::from_millis(300), ..TIMES }, 9).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < SOON {
        if stream.write_all(REQUEST).await.is_err() || send(&mut stream, b"").await.is_empty() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!((Duration::from_millis(300)..SOON).contains(&begun.elapsed()));
}

#[tokio::test]
async fn connections_beyond_the_number_wait_for_their_turn() {
    let server = run(Times { idle: Duration::from_secs(1), ..TIMES }, 2).await;
    let mut first = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        assert!(send(&mut stream, REQUEST).await.ends_with("here"));
        first.push(stream);
    }
    let mut third = TcpStream::connect(server.address).await.unwrap();
    third.write_all(REQUEST).await.unwrap();
    let mut buffer = [0; 1];
    timeout(Duration::from_millis(300), third.read(&mut buffer)).await.unwrap_err();
    // The first two do nothing, which ends them.
    assert!(send(&mut third, b"").await.ends_with("here"));
}

#[tokio::test]
async fn stop_waits_for_a_request_and_for_no_idle_connection() {
    let Running { address, stop, task } = run(TIMES, 9).await;
    let _new = TcpStream::connect(address).await.unwrap();
    let mut used = TcpStream::connect(address).await.unwrap();
    assert!(send(&mut used, REQUEST).await.ends_with("here"));
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na").await.unwrap();
    sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    assert_eq!(send(&mut used, b"").await, "");
    assert!(!task.is_finished());
    assert!(send(&mut busy, b"b").await.ends_with("whole"));
    timeout(SOON, task).await.unwrap().unwrap();
}
