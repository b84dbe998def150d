//! A process that counts up accounts and prints what was acknowledged, to be killed or traced.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rand::RngExt;

use crate::accounts::count_up;
use crate::engine::{Error, Kind};
use crate::queue::Queued;

const CALLERS: usize = 16;

/// Counts up `turns` times for each caller.
pub(crate) fn work(kind: Kind, folder: &Path, accounts: usize, turns: usize) -> Result<(), Error> {
    let queued = Arc::new(Queued::open(kind, folder)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    runtime.block_on(async {
        let call = |caller| {
            let queued = queued.clone();
            tokio::spawn(async move {
                for _ in 0..turns {
                    let account = rand::rng().random_range(0..accounts / CALLERS) * CALLERS + caller;
                    let number = count_up(&queued, account).await?;
                    std::io::stdout().write_all(format!("{account} {number}\n").as_bytes())?;
                }
                Ok::<_, Error>(())
            })
        };
        for call in (0..CALLERS).map(call).collect::<Vec<_>>() {
            call.await??;
        }
        Ok::<_, Error>(())
    })?;
    drop(runtime);
    Arc::into_inner(queued).ok_or("a caller is left")?.close()
}
