//! A load of full logins: the password page, a code of an app, and the session, through HTTP.
//!
//! The provider runs as a process of its own, with a temporary folder, and so can be killed in the middle.

mod client;
mod cost;
mod kill;
mod people;
mod server;

use std::collections::VecDeque;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::task::JoinSet;

use self::client::Browser;
use self::people::Person;
use self::server::Server;
use crate::command::counted;
use crate::outage::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The number of persons, each of whom logs in once.
    #[arg(long, default_value = "500")]
    persons: NonZeroU32,
    /// The number of persons who log in at the same time.
    #[arg(long, default_value = "8")]
    clients: NonZeroUsize,
    /// Kills the provider in the middle, and checks that no code is accepted twice and no failure is forgotten.
    #[arg(long)]
    kill: bool,
}

pub(crate) async fn load(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { persons, clients, kill } = arguments;
    let folder = tempfile::tempdir()?;
    let people = people::enroll(folder.path(), persons.get()).await?;
    let server = Server::start(folder.path(), "127.0.0.1:0").await?;
    let enrolled = counted(usize::try_from(persons.get())?, "person is", "persons are");
    println!("{enrolled} enrolled. {} in at the same time.", counted(clients.get(), "logs", "log"));
    if kill {
        return kill::kill(folder.path(), server, people, clients.get()).await;
    }
    let (before, begun) = (server.processor_time()?, Instant::now());
    let mut latencies = log_in_all(&server, people, clients.get()).await?;
    let (time, processor) = (begun.elapsed(), server.processor_time()?.saturating_sub(before));
    server.kill().await?;

    latencies.sort_unstable();
    let at = |part: usize| latencies.get((latencies.len() * part / 100).min(latencies.len() - 1)).copied();
    let [middle, worst] = [at(50), at(99)].map(Option::unwrap_or_default);
    let rate = f64::from(persons.get()) / time.as_secs_f64();
    println!("{rate:.1} logins a second; of a login, p50 {} ms and p99 {} ms", middle.as_millis(), worst.as_millis());
    let login = processor / persons.get();
    cost::report(login, folder.path(), clients.get()).await
}

/// Logs all persons in, and returns the time that each login took.
async fn log_in_all(server: &Server, people: Vec<Person>, clients: usize) -> Result<Vec<Duration>, Failure> {
    let queue = Arc::new(Mutex::new(VecDeque::from(people)));
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (queue, address) = (Arc::clone(&queue), server.address);
        running.spawn(async move {
            let mut latencies = Vec::new();
            while let Some(person) = next(&queue) {
                let begun = Instant::now();
                let mut browser = Browser::open(address).await?;
                browser.give_password(&person).await?;
                browser.give_code(&person.code()?).await?;
                if !browser.is_in() {
                    return Err(format!("a login failed: {}", browser.page).into());
                }
                latencies.push(begun.elapsed());
            }
            Ok::<_, Failure>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(client) = running.join_next().await {
        latencies.extend(client??);
    }
    Ok(latencies)
}

fn next(queue: &Mutex<VecDeque<Person>>) -> Option<Person> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}
