//! The running provider. A rotation of keys replaces its parts while requests go on.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use tokio::sync::{Mutex, watch};
use tower::{ServiceExt, service_fn};

use crate::app::App;
use crate::http;
use crate::key_file::KeyFile;
use crate::outage::Failure;
use crate::registration::UPLOAD_TIME;

/// The time for the requests that began before keys were replaced. No request takes longer than that of an upload.
const OLD_REQUESTS: Duration = UPLOAD_TIME.saturating_add(Duration::from_secs(10));

pub(crate) struct Provider {
    running: watch::Sender<Running>,
    /// Held during a rotation of keys.
    pub(crate) rotation: Mutex<()>,
}

struct Running {
    app: Arc<App>,
    router: Router,
}

impl Running {
    fn new(app: App) -> Self {
        let app = Arc::new(app);
        Self { router: http::router(Arc::clone(&app)), app }
    }
}

impl Provider {
    pub(crate) fn new(app: App) -> Self {
        Self { running: watch::Sender::new(Running::new(app)), rotation: Mutex::default() }
    }

    pub(crate) fn app(&self) -> Arc<App> {
        Arc::clone(&self.running.borrow().app)
    }

    /// Returns the routes, which lead each request to the parts of the time at which it comes.
    pub(crate) fn router(&self) -> Router {
        let running = self.running.subscribe();
        Router::new().fallback_service(service_fn(move |request: Request| {
            let router = running.borrow().router.clone();
            router.oneshot(request)
        }))
    }

    /// Uses these keys from now on, and waits for the requests that use the keys before.
    pub(crate) async fn use_keys(&self, keys: &KeyFile) -> Result<(), Failure> {
        let next = Running::new(self.app().with_keys(keys)?);
        let old = Arc::downgrade(&self.running.send_replace(next).app);
        let ended = async {
            while old.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(OLD_REQUESTS, ended).await.map_err(|_| "old requests do not end: try again later")?;
        Ok(())
    }
}
