//! The servers start, stop and start again, and the proxy cuts at the requested point.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use store_testing::{Postgres, Proxy, Redis, Server};

/// Sends a request and returns the answer, or `None` if the connection ends or no answer comes within a second.
fn ask(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).ok()?;
    (read > 0).then(|| String::from_utf8_lossy(&answer[..read]).into())
}

#[test]
fn redis_is_killed_and_paused_and_returns() {
    let redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    assert_eq!(ask(redis.address(), "SET a 1\r\n").as_deref(), Some("+OK\r\n"));
    redis.pause();
    assert_eq!(ask(redis.address(), "GET a\r\n"), None);
    redis.resume();
    assert_eq!(ask(redis.address(), "GET a\r\n").as_deref(), Some("$1\r\n1\r\n"));
    redis.kill();
    assert_eq!(ask(redis.address(), "GET a\r\n"), None);
    redis.restart();
    assert_eq!(ask(redis.address(), "GET a\r\n").as_deref(), Some("$1\r\n1\r\n"));
}

#[test]
fn a_cut_request_does_not_arrive_and_a_cut_answer_is_one() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::new(redis.address());
    let count = || ask(redis.address(), "GET n\r\n");
    assert_eq!(ask(proxy.address(), "INCR n\r\n").as_deref(), Some(":1\r\n"));
    proxy.cut_request_after(5);
    assert_eq!(ask(proxy.address(), "INCR n\r\n"), None);
    assert_eq!(count().as_deref(), Some("$1\r\n1\r\n"));
    proxy.cut_answer_after(0);
    assert_eq!(ask(proxy.address(), "INCR n\r\n"), None);
    assert_eq!(count().as_deref(), Some("$1\r\n2\r\n"));
    proxy.cut_answer_after(1);
    assert_eq!(ask(proxy.address(), "INCR n\r\n").as_deref(), Some(":3\r\n"));
    assert_eq!(ask(proxy.address(), "INCR n\r\n"), None);
    redis.kill();
    assert_eq!(ask(proxy.address(), "INCR n\r\n"), None);
}

#[test]
fn postgres_is_killed_and_paused_and_returns() {
    // A client's request for TLS, to which a server answers S or N.
    let is_there = |postgres: &Postgres| {
        let mut stream = TcpStream::connect(postgres.address()).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).ok()?;
        let mut answer = [0];
        stream.read_exact(&mut answer).ok()?;
        Some(answer)
    };
    let postgres = Postgres::start(&[]);
    assert_eq!(is_there(&postgres), Some(*b"N"));
    postgres.pause();
    assert_eq!(is_there(&postgres), None);
    postgres.resume();
    assert_eq!(is_there(&postgres), Some(*b"N"));
    postgres.kill();
    assert_eq!(is_there(&postgres), None);
    postgres.restart();
    assert_eq!(is_there(&postgres), Some(*b"N"));
}
