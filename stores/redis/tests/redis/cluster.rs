//! Tests on a cluster whose slots move and whose nodes fail.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use secondo::store::Exchange;
use secondo_redis::{RedisOptions, RedisStoreError};
use store_testing::{Engine, Proxy, Redis, Server, free_port};

use crate::{
    Impatient, Patient, block_on, command, count_up, exchange, load, must_store, revision, try_command, until,
};

const SLOTS: usize = 16_384;

/// A cluster of primaries with an equal share of the slots each, and at most one replica, of the first primary.
pub(crate) struct Cluster {
    primaries: Vec<Redis>,
    replica: Option<Redis>,
}

fn node() -> Redis {
    let bus = free_port().to_string();
    Redis::start(&[
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        &bus,
        "--cluster-node-timeout",
        "2000",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--repl-diskless-sync-delay",
        "0",
    ])
}

fn meet(known: SocketAddr, new: &Redis) {
    let nodes: String = command(new.address(), &["CLUSTER", "NODES"]);
    let bus = nodes.split(['@', ',', ' ']).nth(2).unwrap();
    let port = new.address().port().to_string();
    command::<()>(known, &["CLUSTER", "MEET", "127.0.0.1", &port, bus]);
}

impl Cluster {
    pub(crate) fn start(primaries: usize) -> Self {
        let cluster = Self { primaries: (0..primaries).map(|_| node()).collect(), replica: None };
        for (n, node) in cluster.primaries.iter().enumerate() {
            let first = (n * SLOTS / primaries).to_string();
            let last = ((n + 1) * SLOTS / primaries - 1).to_string();
            command::<()>(node.address(), &["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            // No two nodes may have the same epoch.
            command::<()>(node.address(), &["CLUSTER", "SET-CONFIG-EPOCH", &(n + 1).to_string()]);
        }
        for node in &cluster.primaries[1..] {
            meet(cluster.primaries[0].address(), node);
        }
        cluster.wait();
        cluster
    }

    /// Gives the first primary a replica.
    fn with_replica(mut self) -> Self {
        let (replica, first) = (node(), self.primaries[0].address());
        meet(first, &replica);
        let id: String = command(first, &["CLUSTER", "MYID"]);
        until("known to the replica", || try_command::<()>(replica.address(), &["CLUSTER", "REPLICATE", &id]).is_ok());
        until("replicated", || command::<String>(first, &["INFO", "replication"]).contains("state=online"));
        self.replica = Some(replica);
        self.wait();
        self
    }

    pub(crate) fn urls(&self) -> String {
        self.primaries.iter().map(Redis::url).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn each(&self, run: impl Fn(SocketAddr)) {
        self.primaries.iter().for_each(|node| run(node.address()));
    }

    /// Waits until all nodes know each other and the slots.
    fn wait(&self) {
        let nodes = self.primaries.len() + usize::from(self.replica.is_some());
        let good = |node: &Redis| {
            let info: String = command(node.address(), &["CLUSTER", "INFO"]);
            let slots: Vec<redis::Value> = command(node.address(), &["CLUSTER", "SLOTS"]);
            info.contains("cluster_state:ok")
                && info.contains(&format!("cluster_known_nodes:{nodes}\r"))
                && slots.len() == self.primaries.len()
        };
        until("a cluster", || self.primaries.iter().chain(&self.replica).all(good));
    }

    /// Returns one id on each of the primaries, in their order.
    fn ids(&self) -> Vec<String> {
        let count = self.primaries.len();
        let slot = |id: &String| -> usize {
            command(self.primaries[0].address(), &["CLUSTER", "KEYSLOT", &format!("secondo:{id}")])
        };
        let mut ids = HashMap::new();
        for id in (0..).map(|n| format!("id/{n}")) {
            let owner = (0..count).find(|n| slot(&id) < (n + 1) * SLOTS / count).unwrap();
            ids.entry(owner).or_insert(id);
            if ids.len() == count {
                break;
            }
        }
        (0..count).map(|n| ids.remove(&n).unwrap()).collect()
    }
}

/// The calls act on all primaries at once.
impl Server for Cluster {
    fn address(&self) -> SocketAddr {
        self.primaries[0].address()
    }
    fn kill(&self) {
        self.primaries.iter().for_each(Server::kill);
    }
    fn restart(&self) {
        self.primaries.iter().for_each(Server::restart);
        self.wait();
    }
    fn pause(&self) {
        self.primaries.iter().for_each(Server::pause);
    }
    fn resume(&self) {
        self.primaries.iter().for_each(Server::resume);
    }
}

/// The client sends a request again if its connection breaks before the answer. The script recognizes its own write.
#[test]
fn a_request_that_the_client_repeats_is_one_write() {
    let cluster = Cluster::start(1);
    let node = cluster.address();
    let proxy = Proxy::new(node);
    let port = proxy.address().port().to_string();
    command::<()>(node, &["CONFIG", "SET", "cluster-announce-port", &port]);
    until("announced", || format!("{:?}", command::<redis::Value>(node, &["CLUSTER", "SLOTS"])).contains(&port));
    let url = format!("redis://{}", proxy.address());
    let store = RedisOptions::new().with_timeout(Patient::TIMEOUT).connect_cluster([&*url]).unwrap();
    block_on(async {
        // After this call, the server knows the script.
        must_store(&store, "other", None, b"").await;
        for expected in [None, Some(())] {
            let expected = match expected {
                None => None,
                Some(()) => Some(revision(&store, "id").await),
            };
            let calls = || -> String { command(node, &["INFO", "commandstats"]) };
            let evaluated = |stats: String| -> u64 {
                let stats = stats.split("cmdstat_evalsha:calls=").nth(1).unwrap();
                stats.split(',').next().unwrap().parse().unwrap()
            };
            let before = evaluated(calls());
            proxy.cut_answer_after(0);
            must_store(&store, "id", expected, b"value").await;
            assert!(evaluated(calls()) >= before + 2, "it was not sent twice");
            assert_eq!(load(&store, "id").await.unwrap().unwrap().value.as_ref(), b"value");
        }
    });
}

#[test]
fn a_user_of_a_cluster_needs_seven_commands() {
    let cluster = Cluster::start(2);
    let keys = ["on", ">hunter2", "resetkeys", "~secondo:*", "resetchannels", "-@all"];
    let commands = ["+get", "+set", "+eval", "+evalsha", "+ping", "+cluster|slots", "+asking"];
    cluster.each(|node| command(node, &[&["ACL", "SETUSER", "provider"], &keys[..], &commands[..]].concat()));
    let urls = cluster.urls().replace("redis://", "redis://provider:hunter2@");
    let store = Patient::open(&urls);
    for id in cluster.ids() {
        block_on(count_up(&store, &id, 3));
    }
}

/// An entry moves between nodes while it changes. No change may be lost or made twice.
#[test]
fn an_entry_moves_between_nodes_while_it_changes() {
    const MOVES: usize = 10;

    let cluster = Cluster::start(2);
    let nodes = [0, 1].map(|n| cluster.primaries[n].address());
    let node_ids = nodes.map(|node| command::<String>(node, &["CLUSTER", "MYID"]));
    let id = &cluster.ids()[0];
    let key = format!("secondo:{id}");
    let slot = command::<u64>(nodes[0], &["CLUSTER", "KEYSLOT", &key]).to_string();
    let over = AtomicBool::new(false);
    let changing = || {
        let store = Patient::open(&cluster.urls());
        let (mut changes, mut failed) = (0_u64, 0);
        block_on(async {
            while !over.load(Ordering::Relaxed) || changes == 0 {
                let change = async {
                    let entry = load(&store, id).await?;
                    let held =
                        entry.as_ref().map_or(0, |entry| u64::from_be_bytes(entry.value.as_ref().try_into().unwrap()));
                    // The number is one higher if the last change was stored but not answered.
                    assert!(held == changes || held == changes + 1, "{held} after {changes} changes");
                    changes = held;
                    exchange(&store, id, entry.map(|entry| entry.revision), &(held + 1).to_be_bytes()).await
                };
                match change.await {
                    Ok(outcome) => {
                        assert_eq!(outcome, Exchange::Stored);
                        changes += 1;
                    }
                    Err(_) => failed += 1,
                }
            }
        });
        (changes, failed)
    };
    let (changes, failed) = thread::scope(|scope| {
        let changing = scope.spawn(changing);
        // This ends the other thread even if a move panics.
        let moving = SetOnDrop(&over);
        for n in 0..MOVES {
            let (source, target) = (n % 2, (n + 1) % 2);
            command::<()>(nodes[target], &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &node_ids[source]]);
            command::<()>(nodes[source], &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &node_ids[target]]);
            thread::sleep(Duration::from_millis(5));
            let port = nodes[target].port().to_string();
            let migrate = ["MIGRATE", "127.0.0.1", &port, "", "0", "10000", "KEYS", &key];
            // Repeated until the entry has moved, since before the first change and during one, nothing may be there.
            until("moved", || {
                command::<redis::Value>(nodes[source], &migrate);
                thread::sleep(Duration::from_millis(5));
                let asked = try_command::<redis::Value>(nodes[source], &["GET", &key]);
                asked.is_err_and(|error| error.code() == Some("ASK"))
            });
            for node in [target, source] {
                command::<()>(nodes[node], &["CLUSTER", "SETSLOT", &slot, "NODE", &node_ids[target]]);
            }
            // A node that has not heard of the last move would undo it with the next.
            until("agreed", || {
                let [one, other] = nodes.map(epochs);
                one == other
            });
        }
        drop(moving);
        changing.join().unwrap()
    });
    store_testing::report!("Redis: moved {MOVES} times, {changes} changes, none lost; {failed} calls failed");
}

/// Returns the epoch of each node's slots, as this node knows it.
fn epochs(node: SocketAddr) -> HashMap<String, String> {
    let nodes: String = command(node, &["CLUSTER", "NODES"]);
    let epoch = |line: &str| Some((line.split(' ').next()?.into(), line.split(' ').nth(6)?.into()));
    nodes.lines().filter_map(epoch).collect()
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The first node is killed, and its replica takes over. Meanwhile logins on the other nodes go on.
#[test]
fn a_replica_takes_over() {
    let cluster = Cluster::start(3).with_replica();
    let store = Impatient::open(&cluster.urls());
    let ids = cluster.ids();
    block_on(async {
        for id in &ids {
            until_ok(async || exchange(&store, id, None, b"before").await.map(drop)).await;
        }
        // The first node has one replica, and the others have none.
        let urls = cluster.urls();
        let waiting = |timeout| {
            let options = RedisOptions::new().with_replicas(1).with_timeout(timeout);
            options.connect_cluster(urls.split(',')).unwrap()
        };
        let (patient, impatient) = (waiting(Patient::TIMEOUT), waiting(Duration::from_secs(4)));
        let held = revision(&patient, &ids[0]).await;
        must_store(&patient, &ids[0], Some(held), b"replicated").await;
        for id in &ids[1..] {
            let held = revision(&impatient, id).await;
            let outcome = exchange(&impatient, id, Some(held), b"alone").await;
            assert!(matches!(outcome, Err(RedisStoreError::Replication(0))), "{outcome:?}");
        }
        cluster.primaries[0].kill();
        let (mut others, mut failed) = (0, 0);
        until_ok(async || {
            for id in &ids[1..] {
                let held = load(&store, id).await;
                others += 1;
                failed += usize::from(held.is_err());
            }
            let entry = load(&store, &ids[0]).await?.unwrap();
            assert_eq!(entry.value.as_ref(), b"replicated");
            exchange(&store, &ids[0], Some(entry.revision), b"after").await.map(drop)
        })
        .await;
        store_testing::report!("of {others} calls to the other nodes, {failed} failed while one was down");
        assert!(failed < others, "the other nodes did not answer while one was down");
        count_up(&store, "counted", 10).await;
    });
}

async fn until_ok<T>(mut call: impl AsyncFnMut() -> Result<T, RedisStoreError>) -> T {
    let begun = std::time::Instant::now();
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(error) => assert!(begun.elapsed() < crate::PATIENCE, "service does not resume: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
