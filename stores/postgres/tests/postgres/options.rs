//! The effects of options and connection strings on connections.

use std::fs;
use std::time::Duration;

use secondo_postgres::PostgresOptions;
use store_testing::Server;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::{block_on, migrated, patient};

#[test]
fn a_timeout_is_an_hour_at_most() {
    let timeout = |timeout| format!("{:?}", PostgresOptions::new().with_timeout(timeout));
    assert!(timeout(Duration::from_millis(700)).contains("timeout: 700ms"));
    assert!(timeout(Duration::MAX).contains("timeout: 3600s"));
}

/// A host that answers nothing must not take all the time of the call.
#[test]
fn a_host_that_is_away_leaves_time_for_the_next() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let away = socket.listen(0).unwrap();
        // When its queue is full, the operating system answers no further connection.
        let mut waiting = Vec::new();
        while let Ok(connected) = timeout(Duration::from_secs(1), TcpStream::connect(away.local_addr().unwrap())).await
        {
            waiting.push(connected.unwrap());
        }
        let ports = [away.local_addr().unwrap().port(), server.address().port()];
        let url = format!("host=127.0.0.1,127.0.0.1 port={},{} user=postgres dbname=postgres", ports[0], ports[1]);
        PostgresOptions::new().with_timeout(Duration::from_secs(9)).connect(&url).await.unwrap();
    });
}

/// The operating system asks after a connection that is idle, so that one which a firewall dropped is noticed.
#[test]
fn an_idle_connection_is_asked_after() {
    let server = migrated(&["fsync=off"]);
    // The hundredths of a second until the operating system asks after each connection to the server.
    let timers = || {
        let server = format!(":{:04X}", server.address().port());
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        let established = rows.filter(|row| row[2].ends_with(&server) && row[3] == "01");
        let timers = established.filter_map(|row| u64::from_str_radix(row[5].strip_prefix("02:")?, 16).ok());
        timers.collect::<Vec<_>>()
    };
    block_on(async {
        let _store = patient().connect(&server.url()).await.unwrap();
        let by_default = timers();
        assert!(!by_default.is_empty() && by_default.iter().all(|timer| *timer <= 30 * 100), "{by_default:?}");

        let _store = patient().connect(&format!("{}?keepalives_idle=600", server.url())).await.unwrap();
        let longest = timers().into_iter().max();
        assert!(longest.is_some_and(|timer| timer > 30 * 100 && timer <= 600 * 100), "{longest:?}");
    });
}
