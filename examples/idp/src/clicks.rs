//! The first of two clicks on a form, whose work may go on while the second one is answered.

use std::time::Duration;

use crate::outage::Outage;

/// The number of looks for the end of the first click, and the pause between them.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until the first click is done, for five seconds at most.
pub(crate) async fn await_first<F: Future<Output = Result<bool, Outage>>>(
    is_done: impl Fn() -> F,
) -> Result<(), Outage> {
    for _ in 0..LOOKS {
        if is_done().await? {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
