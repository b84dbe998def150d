#![allow(clippy::unwrap_used, reason = "a test fails so")]

use std::sync::Arc;

use secondo::store::{Boxed, Memory};

use super::*;

const START: u64 = 1_800_000_000;
const DAY: u64 = 24 * 60 * 60;

struct Log {
    store: Arc<Memory>,
    audit: Audit,
}

impl Log {
    /// Returns a log of one block a day.
    async fn of_days(days: u64) -> Self {
        let store = Arc::new(Memory::new());
        let records = Records::new(Boxed::new(Arc::clone(&store)), &[(1, [7; 32])]);
        Head::create(&records, at(0)).await.unwrap();
        let (audit, _) = Audit::new(records, Metrics::new());
        let log = Self { store, audit };
        for day in 0..days {
            log.append(day, Some(day + 1)).await;
        }
        log
    }

    async fn append(&self, day: u64, revision: Option<u64>) {
        let time = START + day * DAY;
        let line = Line { time, person: Some("p".into()), action: "verify".into(), revision, ..Line::default() };
        append(&self.audit.records, &mut vec![line], at(day)).await.unwrap();
    }

    /// Returns the number of lines, and the problems.
    async fn read(&self, day: u64) -> (usize, Vec<String>) {
        let mut count = 0;
        let reading = self.audit.read(|_| count += 1, at(day)).await.unwrap();
        (count, reading.problems)
    }

    async fn remove(&self, block: u64) {
        self.audit.records.remove::<Block>(&block.to_string(), at(0)).await.unwrap();
    }
}

fn at(day: u64) -> UnixTime {
    UnixTime::from_secs(START + day * DAY).unwrap()
}

#[tokio::test]
async fn each_removed_block_is_found() {
    for block in 0..4 {
        let log = Log::of_days(4).await;
        assert_eq!(log.read(4).await, (4, vec![]));
        log.remove(block).await;
        let found = |(count, problems): (usize, Vec<String>)| {
            assert!(
                count >= 3
                    && problems.iter().any(|problem| problem.contains(&format!("block {block} is missing"))
                        || problem.contains("the last block is missing")),
                "{problems:?}"
            );
        };
        found(log.read(4).await);
        // A block that is written later hides nothing.
        if block < 3 {
            log.append(4, Some(5)).await;
            found(log.read(5).await);
        }
    }
}

#[tokio::test]
async fn changed_lines_and_missing_events_are_found() {
    let log = Log::of_days(4).await;
    let change = |block: Option<Block>| {
        let mut block = block.unwrap();
        block.lines.first_mut().unwrap().outcome = "done".into();
        (Some(Kept::forever(block)), ())
    };
    log.audit.records.change("1", at(4), change).await.unwrap();
    assert_eq!(log.read(4).await, (4, vec!["block 2 does not follow the block before it".to_owned()]));

    let log = Log::of_days(4).await;
    log.append(4, Some(6)).await;
    assert_eq!(log.read(4).await, (5, vec!["revision 5 of p is missing".to_owned()]));
}

/// Returns the problems of a log whose lines tell of these revisions, in this order.
async fn problems_of(revisions: &[u64]) -> Vec<String> {
    let log = Log::of_days(0).await;
    for &revision in revisions {
        log.append(0, Some(revision)).await;
    }
    log.read(0).await.1
}

#[tokio::test]
async fn missing_events_are_found_in_whatever_order_machines_write() {
    for order in [&[1, 2, 3], &[1, 3, 2], &[3, 1, 2], &[2, 3, 1]] {
        assert_eq!(problems_of(order).await, Vec::<String>::new(), "{order:?}");
    }
    assert_eq!(problems_of(&[2, 3]).await, ["revision 1 of p is missing"]);
    assert_eq!(problems_of(&[9, 5]).await, ["revisions 1 to 4 of p are missing", "revisions 6 to 8 of p are missing"]);
    assert_eq!(problems_of(&[1, 3, 2, 2]).await, ["revision 2 of p is in the log twice"]);
    let last = u64::MAX;
    assert_eq!(problems_of(&[1, last]).await, [format!("revisions 2 to {} of p are missing", last - 1)]);
}

#[tokio::test]
async fn removed_head_is_found_and_stays_found() {
    let log = Log::of_days(4).await;
    // The last block goes, and the head that would tell of it.
    log.remove(3).await;
    log.audit.records.remove::<Head>(Head::NAME, at(4)).await.unwrap();
    assert_eq!(log.read(4).await, (3, vec!["the head of the log is missing".to_owned()]));
    // The next line makes another head, and tells of it.
    log.append(4, None).await;
    assert_eq!(log.read(4).await, (5, vec!["the head was missing when block 3 was written".to_owned()]));
    log.append(5, None).await;
    assert_eq!(log.read(5).await.1.len(), 1);
}

#[tokio::test]
async fn head_of_a_machine_that_is_late_hides_no_later_block() {
    let log = Log::of_days(1).await;
    let late: Head = log.audit.records.load(Head::NAME, at(1)).await.unwrap().unwrap();
    log.append(1, Some(2)).await;
    late.keep(&log.audit.records, at(1)).await.unwrap();
    log.remove(1).await;
    let problems = ["block 1 is missing", "the last block is missing or changed"].map(ToOwned::to_owned);
    assert_eq!(log.read(2).await, (1, problems.to_vec()));
}

#[tokio::test]
async fn head_that_was_kept_finds_an_older_copy_of_the_log() {
    let log = Log::of_days(3).await;
    let older: Head = log.audit.records.load(Head::NAME, at(3)).await.unwrap().unwrap();
    log.append(3, Some(4)).await;
    let kept = log.audit.read(|_| (), at(4)).await.unwrap().last.unwrap();
    assert_eq!(kept.to_string().parse(), Ok(kept.clone()));
    assert_eq!(log.audit.contradiction(&kept, at(4)).await.unwrap(), None);
    // Later lines do not matter.
    log.append(4, Some(5)).await;
    assert_eq!(log.audit.contradiction(&kept, at(4)).await.unwrap(), None);
    for block in [3, 4] {
        log.remove(block).await;
    }
    let put_back = |_: Option<Head>| (Some(Kept::forever(older.clone())), ());
    log.audit.records.change(Head::NAME, at(4), put_back).await.unwrap();
    // The older copy is whole by itself.
    assert_eq!(log.read(4).await, (3, vec![]));
    let problem = log.audit.contradiction(&kept, at(4)).await.unwrap().unwrap();
    assert!(problem.contains("block 3") && problem.contains("missing"), "{problem}");
    log.append(5, Some(4)).await;
    let problem = log.audit.contradiction(&kept, at(5)).await.unwrap().unwrap();
    assert!(problem.contains("block 3 is not the one"), "{problem}");
    for text in ["", "3", "3:", "3:0f", "x:0f", &format!("3:{}", "0g".repeat(32))] {
        text.parse::<Mark>().unwrap_err();
    }
}

#[tokio::test]
async fn lines_expire_after_24_months_in_order() {
    let log = Log::of_days(4).await;
    let kept = KEPT_SECS / DAY;
    assert_eq!(log.read(kept - 1).await, (4, vec![]));
    for day in [kept + 1, kept + 3] {
        log.store.purge(at(day));
        let (count, problems) = log.read(day).await;
        assert!(problems.is_empty() && u64::try_from(count).unwrap() == kept + 3 - day, "{problems:?}");
    }
    log.append(kept + 3, None).await;
    log.append(kept + 4, None).await;
    assert_eq!(log.read(kept + 5).await, (2, vec![]));
    // The first block is again one that must be there.
    log.remove(4).await;
    assert_eq!(log.read(kept + 5).await, (1, vec!["block 4 is missing".to_owned()]));
}

#[tokio::test]
async fn enrollment_that_expired_may_begin_again() {
    let log = Log::of_days(0).await;
    let append_all = async |person: &str, actions: &[(&str, u64)]| {
        let line = |(action, revision): &(&str, u64)| Line {
            person: Some(person.into()),
            action: (*action).into(),
            outcome: "done".into(),
            revision: Some(*revision),
            ..Line::default()
        };
        append(&log.audit.records, &mut actions.iter().map(line).collect(), at(0)).await.unwrap();
    };
    append_all("p", &[("enroll", 1), ("enroll", 1), ("confirm", 2), ("verify", 3)]).await;
    assert_eq!(log.read(1).await.1, Vec::<String>::new());
    // The second machine was late with the first line.
    append_all("late", &[("confirm", 2), ("enroll", 1)]).await;
    assert_eq!(log.read(1).await.1, Vec::<String>::new());
    // One that was confirmed does not expire.
    append_all("p", &[("enroll", 1)]).await;
    append_all("late", &[("enroll", 1)]).await;
    assert_eq!(log.read(1).await.1, ["revision 1 of p is in the log twice", "revision 1 of late is in the log twice"]);
}

#[tokio::test]
async fn line_that_is_too_long_does_not_hold_up_the_others() {
    let log = Log::of_days(0).await;
    let (audit, queue) = Audit::new(log.audit.records.clone(), Metrics::new());
    // Each control character takes six bytes in JSON.
    let text = Some("\u{1}".repeat(5000));
    let (operator, reason, area) = (text.clone(), text.clone(), text.clone());
    audit.record(Line { operator, reason, area, subject: text.clone(), detail: text, ..Line::default() });
    audit.record(Line { action: "next".into(), ..Line::default() });
    audit.write(queue).await;
    assert_eq!(log.read(1).await, (2, vec![]));
}
