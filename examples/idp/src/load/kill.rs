//! A load whose provider is killed in the middle. After the next start, all that it had answered still holds.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::client::Browser;
use super::next;
use super::people::Person;
use super::server::Server;
use crate::command::counted;
use crate::outage::Failure;

/// The time in which half of the logins must be done.
const PATIENCE: Duration = Duration::from_secs(300);
/// The attempts before a lock.
const ATTEMPTS: u8 = 5;

/// A login that was begun before the provider was killed.
struct Begun {
    person: Person,
    /// The code that was given, if the person came that far.
    code: Option<String>,
    /// The wrong codes before it whose refusals were answered.
    wrong: u8,
    cookie: Option<String>,
    /// `true` if the person gives the right code as well.
    ends_in: bool,
    /// `true` if the login was answered.
    is_in: bool,
}

/// The codes that a person gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Right,
    Wrong,
    /// A wrong code, and then the right one.
    Both,
}

/// Kills the provider in the middle of logins, starts it again, and checks each login that had begun.
pub(super) async fn kill(folder: &Path, server: Server, people: Vec<Person>, clients: usize) -> Result<(), Failure> {
    let (address, half) = (server.address, people.len() / 2);
    let queue = Arc::new(Mutex::new(VecDeque::from(people)));
    let begun = Arc::new(Mutex::new(Vec::new()));
    let mut running = JoinSet::new();
    for client in 0..clients {
        let (queue, begun) = (Arc::clone(&queue), Arc::clone(&begun));
        running.spawn(async move {
            let mut ways = [Way::Right, Way::Wrong, Way::Both].into_iter().cycle().skip(client);
            while let (Some(person), Some(way)) = (next(&queue), ways.next()) {
                let mut login =
                    Begun { person, code: None, wrong: 0, cookie: None, ends_in: way != Way::Wrong, is_in: false };
                let ended = log_in(address, &mut login, way).await;
                begun.lock().unwrap_or_else(PoisonError::into_inner).push(login);
                if ended.is_err() {
                    return;
                }
            }
        });
    }
    let count = || begun.lock().unwrap_or_else(PoisonError::into_inner).len();
    let started = Instant::now();
    while count() < half {
        if started.elapsed() > PATIENCE {
            return Err("the logins do not go on".into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.kill().await?;
    while running.join_next().await.is_some() {}
    let server = Server::start(folder, &address.to_string()).await?;
    let begun = std::mem::take(&mut *begun.lock().unwrap_or_else(PoisonError::into_inner));
    let [mut answered, mut unanswered, mut wrong] = [0; 3];
    for login in &begun {
        check(address, login).await?;
        answered += usize::from(login.is_in);
        unanswered += usize::from(login.ends_in && !login.is_in);
        wrong += usize::from(login.wrong);
    }
    server.kill().await?;
    let (logins, codes) = (counted(answered, "login", "logins"), counted(wrong, "wrong code", "wrong codes"));
    println!("The provider was killed after {logins}, with {unanswered} under way and {codes}.");
    println!("No code was accepted twice, no wrong code was forgotten, and each session is where it was.");
    Ok(())
}

async fn log_in(address: SocketAddr, login: &mut Begun, way: Way) -> Result<(), Failure> {
    let mut browser = Browser::open(address).await?;
    browser.give_password(&login.person).await?;
    login.cookie.clone_from(&browser.cookie);
    if way != Way::Right {
        browser.give_code(&login.person.wrong_code()?).await?;
        login.wrong = 1;
    }
    if way == Way::Wrong {
        return Ok(());
    }
    let code = login.person.code()?;
    login.code = Some(code.clone());
    // The right code ends the count, whether it is answered or not.
    login.wrong = 0;
    browser.give_code(&code).await?;
    login.cookie.clone_from(&browser.cookie);
    login.is_in = browser.is_in();
    Ok(())
}

/// Checks a login after the next start.
async fn check(address: SocketAddr, login: &Begun) -> Result<(), Failure> {
    let Begun { person, code, wrong, cookie, is_in, .. } = login;
    let fail = |text: &str| Err(format!("{}: {text}", person.user).into());
    let held = Browser::with_cookie(address, cookie.clone()).await?;
    if *is_in && !held.is_in() {
        return fail("the session is lost");
    }
    if code.is_none() && held.is_in() {
        return fail("the session is in without a right code");
    }
    let mut other = Browser::open(address).await?;
    other.give_password(person).await?;
    if other.remaining().is_none_or(|remaining| remaining > ATTEMPTS - wrong) {
        return fail("a wrong code was forgotten");
    }
    let Some(code) = code else { return Ok(()) };
    other.give_code(code).await?;
    if other.is_in() && held.is_in() {
        return fail("a code was accepted twice");
    }
    let mut third = Browser::open(address).await?;
    third.give_password(person).await?;
    third.give_code(code).await?;
    if third.is_in() && (held.is_in() || other.is_in()) {
        return fail("a code was accepted again");
    }
    Ok(())
}
