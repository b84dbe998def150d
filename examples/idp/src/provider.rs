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
/// The time between two looks at the key file, which the rotation of another machine may have replaced.
const LOOK: Duration = Duration::from_secs(5);

pub(crate) struct Provider {
    running: watch::Sender<Running>,
    /// Held during a rotation of keys.
    pub(crate) rotation: Mutex<()>,
}

struct Running {
    app: Arc<App>,
    keys: KeyFile,
    router: Router,
}

impl Running {
    fn new(app: App, keys: KeyFile) -> Self {
        let app = Arc::new(app);
        Self { router: http::router(Arc::clone(&app)), app, keys }
    }
}

impl Provider {
    pub(crate) fn new(app: App) -> Result<Self, Failure> {
        let keys = KeyFile::read(&app.config.key_path())?;
        Ok(Self { running: watch::Sender::new(Running::new(app, keys)), rotation: Mutex::default() })
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

    /// Follows the key file until the provider stops. The keys stay as they are while the file is wrong.
    pub(crate) async fn follow_keys(self: Arc<Self>) {
        let mut said = String::new();
        loop {
            tokio::time::sleep(LOOK).await;
            let Ok(_rotation) = self.rotation.try_lock() else { continue };
            let problem = self.look_at_keys().await.err().map(|failure| failure.to_string()).unwrap_or_default();
            if said != problem {
                eprintln!("keys: {}", if problem.is_empty() { "the file is in order again" } else { &problem });
                said = problem;
            }
        }
    }

    async fn look_at_keys(&self) -> Result<(), Failure> {
        let keys = KeyFile::read(&self.app().config.key_path())?;
        let held = self.running.borrow().keys.clone();
        if keys == held {
            return Ok(());
        }
        if !keys.has_active_of(&held) {
            return Err(
                format!("the file has lost key {}, which seals: the keys stay as they are", held.active()).into()
            );
        }
        self.use_keys(&keys).await?;
        eprintln!("keys: {keys}");
        Ok(())
    }

    /// Uses these keys from now on, and waits for the requests that use the keys before.
    pub(crate) async fn use_keys(&self, keys: &KeyFile) -> Result<(), Failure> {
        let next = Running::new(self.app().with_keys(keys).await?, keys.clone());
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
