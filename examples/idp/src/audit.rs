//! The audit log: blocks of lines, each chained to the one before by a hash, and kept for 24 months.
//!
//! Blocks are records that are created once and never replaced. A line that is removed or changed breaks the chain, and
//! an event that is missing shows as a gap in the revisions of an account. The end of the chain is told by the head, a
//! record that is made with the first keys. Whoever keeps the head elsewhere also finds an older copy of the whole log.

use std::time::Duration;

use secondo::UnixTime;
use secondo::audit::{Event, Sink};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout};

use crate::activity;
use crate::metrics::Metrics;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

mod reading;

pub(crate) use self::reading::{Mark, Reading};

/// 24 months, as SPID's rules ask.
const KEPT_SECS: u64 = 2 * 366 * 24 * 60 * 60;
/// The lines that can wait to be written. Beyond them, lines are counted as lost.
const WAITING: usize = 4096;
/// The time that lines have to be written, before a command or the provider ends.
const PATIENCE: Duration = Duration::from_secs(10);
/// The greatest length of the lines of a block, so that it fits into a record.
const BLOCK_BYTES: usize = 3500;

/// One line of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Line {
    /// The time in seconds.
    pub(crate) time: u64,
    /// The id of the person whom the line is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<String>,
    pub(crate) action: String,
    /// `done`, or the label of a refusal.
    pub(crate) outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authenticator: Option<u32>,
    /// The number of attempts left before the next lock, after a wrong code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remaining: Option<u8>,
    /// The account's revision after the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The territorial area of the service, for lines about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) area: Option<String>,
    /// The service, or the case of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// The level of a login at a service, the names of attributes, or to whom a right was given and for which days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl Line {
    /// Returns `true` if the line names the person with this id: as the one whom it is about, as the operator, or as
    /// the one who got a right.
    pub(crate) fn names(&self, person: &str) -> bool {
        let Self { person: about, operator, detail, .. } = self;
        let details = detail.iter().flat_map(|detail| detail.split(' '));
        about.iter().chain(operator).map(String::as_str).chain(details).any(|name| name == person)
    }

    /// Returns the line, with its texts cut if it does not fit into a block.
    fn cut(mut self) -> Self {
        /// Five of these fit into a block, whatever their letters are in JSON.
        const CHARS: usize = 64;
        if serde_json::to_vec(&self).is_ok_and(|json| json.len() < BLOCK_BYTES) {
            return self;
        }
        let Self { operator, reason, area, subject, detail, .. } = &mut self;
        for text in [operator, reason, area, subject, detail].into_iter().flatten() {
            *text = text.chars().take(CHARS).collect();
        }
        self
    }

    /// Returns the line that is written when the head was removed.
    fn of_missing_head() -> Self {
        Self { action: "audit_head".into(), outcome: "missing".into(), ..Self::default() }
    }

    fn tells_of_missing_head(&self) -> bool {
        Self { time: 0, ..self.clone() } == Self::of_missing_head()
    }
}

/// Lines that were written together.
#[derive(Serialize, Deserialize)]
pub(crate) struct Block {
    /// The hash of the block before.
    previous: String,
    pub(crate) lines: Vec<Line>,
}

impl Record for Block {
    const KIND: &'static str = "audit";
}

/// The end of the log.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The number of the first block that had not expired when the head was written.
    pub(crate) first: u64,
    /// The number of the next block.
    pub(crate) next: u64,
    /// The hash of the block before that.
    previous: String,
    /// The time in seconds of the first block, before whose expiry none is missing.
    since: u64,
    /// The time in seconds at which the last block was written.
    written: u64,
}

impl Record for Head {
    const KIND: &'static str = "audit-head";
}

impl Head {
    pub(crate) const NAME: &'static str = "head";

    /// Returns `true` if the first block has expired, and perhaps some after it.
    fn has_expired(&self, now: UnixTime) -> bool {
        self.since.saturating_add(KEPT_SECS) <= now.as_secs()
    }

    /// Returns `true` if the last block has expired.
    fn is_over(&self, now: UnixTime) -> bool {
        self.written.saturating_add(KEPT_SECS) <= now.as_secs()
    }

    pub(crate) fn start() -> Self {
        Self { first: 0, next: 0, previous: String::new(), since: 0, written: 0 }
    }

    /// Stores the head of an empty log, unless there is a head.
    pub(crate) async fn create(records: &Records, now: UnixTime) -> Result<(), Outage> {
        records.create(Self::NAME, Kept::forever(Self::start()), now).await.map(|_| ())
    }

    /// Stores the head, unless another machine has stored a later one.
    async fn keep(&self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        let keep = |held: Option<Self>| {
            let is_later = held.is_some_and(|held| held.next > self.next);
            ((!is_later).then(|| Kept::forever(self.clone())), ())
        };
        records.change(Self::NAME, now, keep).await
    }
}

impl Block {
    /// Returns the hash that the next block has.
    fn hash(&self) -> Result<String, Outage> {
        Ok(base16ct::lower::encode_string(&Sha256::digest(serde_json::to_vec(self)?)))
    }
}

/// The log. Lines are queued, and one task writes them.
#[derive(Clone)]
pub(crate) struct Audit {
    pub(crate) records: Records,
    waiting: Sender<Line>,
    metrics: Metrics,
}

/// The queue of lines, for the task that writes them.
pub(crate) struct Queue(Receiver<Line>);

impl Audit {
    pub(crate) fn new(records: Records, metrics: Metrics) -> (Self, Queue) {
        let (waiting, queue) = channel(WAITING);
        (Self { records, waiting, metrics }, Queue(queue))
    }

    /// Queues a line, whose texts are cut if they are too long. If the queue is full, the line is lost, and the loss is
    /// reported.
    pub(crate) fn record(&self, line: Line) {
        self.metrics.event(&line.action, &line.outcome);
        self.metrics.audit_waiting.inc();
        if self.waiting.try_send(line.cut()).is_err() {
            self.metrics.audit_waiting.dec();
            self.metrics.audit_lost.inc();
            eprintln!("audit: a line was lost");
        }
    }

    /// Returns the time at which the last lines were written, if there are any.
    pub(crate) async fn last_time(&self, now: UnixTime) -> Result<Option<UnixTime>, Outage> {
        let head: Option<Head> = self.records.load(Head::NAME, now).await?;
        let written = head.map(|head| head.written).filter(|written| *written > 0);
        Ok(written.map(UnixTime::from_secs).transpose()?)
    }

    /// Waits until all lines are written, unless the store does not take them.
    pub(crate) async fn flush(&self) -> Result<(), Outage> {
        let written = async {
            while self.metrics.audit_waiting.get() > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, written).await.map_err(|_| Outage("audit_waits"))
    }

    /// Writes lines as they come, until the provider stops.
    pub(crate) async fn write(self, Queue(mut queue): Queue) {
        let (records, waiting) = (self.records.clone(), self.metrics.audit_waiting.clone());
        // The task ends when the last sender is gone.
        drop(self);
        let mut lines = Vec::new();
        while queue.recv_many(&mut lines, WAITING).await > 0 {
            let relevant: Vec<_> = lines.iter().filter(|line| activity::is_relevant(line)).cloned().collect();
            let count = lines.len();
            while let Err(Outage(label)) = append_now(&records, &mut lines).await {
                eprintln!("audit: {label}");
                sleep(Duration::from_secs(1)).await;
            }
            waiting.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
            if let Err(Outage(label)) = note(&records, &relevant).await {
                eprintln!("audit: {label}");
            }
        }
    }
}

async fn append_now(records: &Records, lines: &mut Vec<Line>) -> Result<(), Outage> {
    append(records, lines, UnixTime::now()?).await
}

async fn note(records: &Records, lines: &[Line]) -> Result<(), Outage> {
    activity::take(records, lines, UnixTime::now()?).await
}

/// Writes the lines as blocks, and removes from the list what is written.
async fn append(records: &Records, lines: &mut Vec<Line>, now: UnixTime) -> Result<(), Outage> {
    let mut head = if let Some(head) = records.load(Head::NAME, now).await? {
        head
    } else {
        // The new head would hide that the old one was removed.
        lines.insert(0, Line { time: now.as_secs(), ..Line::of_missing_head() });
        Head::start()
    };
    while !lines.is_empty() {
        // Another machine, or this one before it stopped, may have written blocks since.
        while let Some(block) = records.load::<Block>(&head.next.to_string(), now).await? {
            head = Head { next: head.next + 1, previous: block.hash()?, ..head };
        }
        let mut bytes = 0;
        let fitting = lines.iter().take_while(|line| {
            bytes += serde_json::to_vec(line).map_or(BLOCK_BYTES, |json| json.len() + 1);
            bytes <= BLOCK_BYTES
        });
        let count = fitting.count().max(1);
        let block = Block { previous: head.previous.clone(), lines: lines.get(..count).unwrap_or_default().to_vec() };
        let hash = block.hash()?;
        let kept = Kept::until(now.saturating_add(KEPT_SECS), block);
        if records.create(&head.next.to_string(), kept, now).await? {
            lines.drain(..count);
            head = Head { next: head.next + 1, previous: hash, written: now.as_secs(), ..head };
        }
    }
    if head.has_expired(now) {
        while head.first < head.next {
            if let Some(block) = records.load::<Block>(&head.first.to_string(), now).await? {
                head.since = block.lines.last().map_or(now.as_secs(), |line| line.time);
                break;
            }
            head.first += 1;
        }
    }
    head.keep(records, now).await
}

/// Takes the verifier's events as lines.
pub(crate) struct Events(pub(crate) Audit);

impl Sink for Events {
    fn record(&self, event: &Event<'_>) {
        self.0.record(Line {
            time: event.time.as_secs(),
            person: Some(event.account.to_string()),
            action: event.action.label().to_owned(),
            outcome: event.problem.unwrap_or("done").to_owned(),
            authenticator: event.authenticator.map(secondo::AuthenticatorNumber::get),
            remaining: event.remaining,
            revision: event.revision,
            operator: event.operator.map(|operator| operator.name.to_owned()),
            reason: event.operator.map(|operator| operator.reason.to_owned()),
            ..Line::default()
        });
    }
}

#[cfg(test)]
mod tests;
