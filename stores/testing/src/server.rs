//! Servers of the tests' own, each on a free port of loopback and in a temporary folder, stopped by process id.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A Redis server. By default it keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    program: Program,
}

/// A PostgreSQL server with a new cluster, whose user `postgres` needs no password.
#[derive(Debug)]
pub struct Postgres {
    program: Program,
    _cluster: Arc<TempDir>,
}

/// A pgbouncer with session pooling in front of a PostgreSQL server. The user `postgres` needs no password.
#[derive(Debug)]
pub struct PgBouncer {
    program: Program,
}

impl Redis {
    /// Starts a server with these arguments of its command line.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut line: Vec<String> = ["redis-server", "--bind", "127.0.0.1", "--save", ""].map(Into::into).into();
        line.extend(["--port".into(), port.to_string(), "--dir".into(), text(folder.path())]);
        line.extend(arguments.iter().map(|argument| (*argument).into()));
        Self { program: Program::start(folder, port, line, None, answers_ping) }
    }

    /// Starts a Sentinel with this configuration file, which it writes to.
    #[must_use]
    pub fn sentinel(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let line = ["redis-server", configuration, "--sentinel", "--bind", "127.0.0.1", "--port", &port.to_string()];
        Self { program: Program::start(folder, port, line.map(Into::into).into(), None, answers_ping) }
    }

    /// Returns the address for `redis-rs`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }
}

impl Postgres {
    /// Starts a server with these settings, such as `fsync=on`.
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        let programs = postgres_programs();
        let user = postgres_user();
        let folder = folder_of(user);
        let data = folder.path().join("data");
        let cluster = new_cluster(&programs, user);
        // The copy keeps its owner.
        let copied = Command::new("cp").arg("-a").arg(cluster.path().join("data")).arg(&data).status().unwrap();
        assert!(copied.success(), "cp: {copied}");

        let port = free_port();
        let mut line = vec![text(&programs.join("postgres")), "-D".into(), text(&data), "-p".into(), port.to_string()];
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories="].iter().chain(settings) {
            line.extend(["-c".into(), (*setting).into()]);
        }
        Self { program: Program::start(folder, port, line, user, accepts_connections), _cluster: cluster }
    }

    /// Returns the connection string for `tokio-postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// Returns the connection string through a proxy at this address.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://postgres@{address}/postgres")
    }

    /// Returns the folder with the server's data and configuration.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.program.folder.path().join("data")
    }

    /// Makes the server read its configuration again.
    pub fn reload(&self) {
        self.program.signal(Signal::HUP);
    }
}

impl PgBouncer {
    /// Starts a pooler in front of the server at this address, for these users.
    #[must_use]
    pub fn start(server: SocketAddr, users: &[&str]) -> Self {
        // pgbouncer does not run as root either.
        let user = postgres_user();
        let folder = folder_of(user);
        let port = free_port();
        let accounts: Vec<_> = users.iter().map(|user| format!("\"{user}\" \"\"\n")).collect();
        fs::write(folder.path().join("users"), accounts.concat()).unwrap();
        let configuration = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = session\ndefault_pool_size = 100\n\
             server_login_retry = 1\n",
            server.ip(),
            server.port(),
            text(&folder.path().join("users")),
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, configuration).unwrap();
        let line = vec!["/usr/sbin/pgbouncer".into(), text(&file)];
        Self { program: Program::start(folder, port, line, user, is_listening) }
    }
}

/// A server that can be made to fail.
pub trait Server {
    /// Returns the address at which the server listens.
    fn address(&self) -> SocketAddr;

    /// Kills the server. Unlike a power failure, this does not lose the operating system's cache.
    fn kill(&self);

    /// Starts the server again on the same port and data, and waits until it answers. The server must not be running.
    fn restart(&self);

    /// Suspends the server's processes. Connections stay open, but no answers come.
    fn pause(&self);

    /// Ends a pause.
    fn resume(&self);
}

macro_rules! server {
    ($server:ident) => {
        impl Server for $server {
            fn address(&self) -> SocketAddr {
                SocketAddr::from((Ipv4Addr::LOCALHOST, self.program.port))
            }
            fn kill(&self) {
                self.program.kill();
            }
            fn restart(&self) {
                self.program.run();
            }
            fn pause(&self) {
                self.program.signal_all(Signal::STOP);
            }
            fn resume(&self) {
                self.program.signal_all(Signal::CONT);
            }
        }
    };
}

server!(Redis);
server!(Postgres);
server!(PgBouncer);

#[derive(Debug)]
struct Program {
    folder: TempDir,
    port: u16,
    line: Vec<String>,
    user: Option<(u32, u32)>,
    is_ready: fn(u16) -> bool,
    child: Mutex<Option<Child>>,
}

impl Program {
    fn start(
        folder: TempDir,
        port: u16,
        line: Vec<String>,
        user: Option<(u32, u32)>,
        is_ready: fn(u16) -> bool,
    ) -> Self {
        let program = Self { folder, port, line, user, is_ready, child: Mutex::default() };
        program.run();
        program
    }

    fn run(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(child.is_none(), "the server is running already");
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = command(&self.line, self.user);
        let running = child.insert(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
        let begun = Instant::now();
        while !(self.is_ready)(self.port) {
            let ended = running.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "the server does not start: {ended:?}\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn kill(&self) {
        let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        // The first process is stopped before the others are listed, so that it starts no more of them.
        let first = pid(&child);
        let _ = kill_process(first, Signal::STOP);
        let mut processes = children(first);
        processes.push(first);
        for process in &processes {
            let _ = kill_process(*process, Signal::KILL);
        }
        // PostgreSQL does not start again while one of its processes is left.
        while !processes.iter().all(|process| has_ended(*process)) {
            thread::sleep(Duration::from_millis(1));
        }
        let _ = child.wait();
    }

    fn signal(&self, signal: Signal) {
        if let Some(child) = &*self.child.lock().unwrap_or_else(PoisonError::into_inner) {
            kill_process(pid(child), signal).unwrap();
        }
    }

    fn signal_all(&self, signal: Signal) {
        self.signal(signal);
        if let Some(child) = &*self.child.lock().unwrap_or_else(PoisonError::into_inner) {
            for process in children(pid(child)) {
                // The process may have ended meanwhile.
                let _ = kill_process(process, signal);
            }
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the folder of a new cluster to copy, which is quicker than to create one for each server. The servers share
/// it, and the last one removes it.
fn new_cluster(programs: &Path, user: Option<(u32, u32)>) -> Arc<TempDir> {
    static SHARED: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());

    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = shared.upgrade() {
        return cluster;
    }
    let folder = folder_of(user);
    let mut line = vec![text(&programs.join("initdb")), "--pgdata".into(), text(&folder.path().join("data"))];
    line.extend(
        ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--wal-segsize=1"]
            .map(Into::into),
    );
    let output = command(&line, user).output().unwrap();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
    let cluster = Arc::new(folder);
    *shared = Arc::downgrade(&cluster);
    cluster
}

/// Returns a temporary folder of this user.
fn folder_of(user: Option<(u32, u32)>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some((uid, gid)) = user {
        chown(folder.path(), Some(uid), Some(gid)).unwrap();
    }
    folder
}

/// The time to wait for something that must come, even on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

fn command(line: &[String], user: Option<(u32, u32)>) -> Command {
    let [program, arguments @ ..] = line else { panic!("a command has a program") };
    let mut command = Command::new(program);
    command.args(arguments).current_dir("/").env_clear().env("PATH", env("PATH")).stdin(Stdio::null());
    if let Some((uid, gid)) = user {
        command.gid(gid).uid(uid);
    }
    command
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().into()
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Returns the child processes of this one.
///
/// PostgreSQL's children are in sessions of their own, so no single signal reaches all of them.
fn children(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let started = |process: &Pid| state(*process).is_some_and(|(_, by)| by == parent.as_raw_nonzero().get());
    processes.filter_map(Pid::from_raw).filter(started).collect()
}

/// Returns the letter of a process's state, and the id of its parent.
fn state(process: Pid) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // The fields after the name of the program, which is in parentheses and may hold any characters.
    let (_, stat) = stat.rsplit_once(") ")?;
    let mut fields = stat.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Returns `true` if the process has ended or is a zombie, so that its memory and files are released.
fn has_ended(process: Pid) -> bool {
    state(process).is_none_or(|(state, _)| matches!(state, 'Z' | 'X'))
}

/// Returns a port of loopback that is free now, and another one at each call.
///
/// It is below those that systems give to clients, so that no connection takes it before the server does.
///
/// # Panics
///
/// If no port from 10,000 to 29,999 is free.
#[must_use]
pub fn free_port() -> u16 {
    /// The next port of this process. The first one is chosen at random, since other processes look for ports as well.
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let [low, high, ..] = RandomState::new().build_hasher().finish().to_ne_bytes();
        AtomicU16::new(u16::from_ne_bytes([low, high]))
    });

    let mut ports = (0..20_000).map(|_| 10_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 20_000);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.find(is_free).expect("a port is free")
}

fn answers_ping(port: u16) -> bool {
    let ping = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 1];
        stream.read_exact(&mut answer).map(|()| answer)
    };
    // While the server loads its data, it answers with an error, which begins with `-`. A server that needs a password
    // or TLS needs another check.
    ping().is_ok_and(|answer| answer == *b"+")
}

fn is_listening(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn accepts_connections(port: u16) -> bool {
    // The program is started only when the server listens.
    if !is_listening(port) {
        return false;
    }
    let program = postgres_programs().join("pg_isready");
    let status = Command::new(program).args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).status();
    status.unwrap().success()
}

/// Returns the program folder of the newest PostgreSQL from Debian's packages.
fn postgres_programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("Debian's package postgresql");
    let version = |entry: std::io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(version).max().unwrap();
    PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"))
}

/// Returns the user and the group of the servers if the tests run as root, as which PostgreSQL does not run. Debian's
/// package creates the user `postgres`.
fn postgres_user() -> Option<(u32, u32)> {
    rustix::process::geteuid().is_root().then(|| (id_of("-u"), id_of("-g")))
}

fn id_of(which: &str) -> u32 {
    let output = Command::new("id").args([which, "postgres"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().expect("the user postgres")
}
