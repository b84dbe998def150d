//! Counts and times for Prometheus, at `/metrics`. No label names a person.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The upper bounds of the latencies, in seconds.
const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Event {
    action: String,
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Label {
    label: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Handler {
    path: String,
    status: u16,
}

/// The metrics. Clones are the same metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    events: Family<Event, Counter>,
    passwords: Family<Label, Counter>,
    limited: Family<Label, Counter>,
    outages: Family<Label, Counter>,
    requests: Family<Handler, Histogram, fn() -> Histogram>,
    /// The lines of the audit log that wait to be written.
    pub(crate) audit_waiting: Gauge,
    pub(crate) audit_lost: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("idp");
        let (events, passwords, limited, outages) = Default::default();
        let requests = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> _);
        let (audit_waiting, audit_lost) = (Gauge::default(), Counter::default());
        registry.register("events", "Lines of the audit log, by action and outcome", Family::clone(&events));
        registry.register("passwords", "Attempts at passwords, by result", Family::clone(&passwords));
        registry.register("limited", "Requests beyond a limit per address, by limit", Family::clone(&limited));
        registry.register("outages", "Faults of the provider, by label", Family::clone(&outages));
        registry.register("request_seconds", "Latencies of handlers, by path and status", Family::clone(&requests));
        registry.register("audit_waiting", "Lines of the audit log that are not written yet", audit_waiting.clone());
        registry.register("audit_lost", "Lines of the audit log that were lost", audit_lost.clone());
        let registry = Arc::new(registry);
        Self { registry, events, passwords, limited, outages, requests, audit_waiting, audit_lost }
    }

    /// Counts a line of the audit log. The verifier's decisions, logins at services and operators' actions are lines.
    pub(crate) fn event(&self, action: &str, outcome: &str) {
        self.events.get_or_create(&Event { action: action.to_owned(), outcome: outcome.to_owned() }).inc();
    }

    pub(crate) fn password(&self, label: &'static str) {
        self.passwords.get_or_create(&Label { label }).inc();
    }

    pub(crate) fn limited(&self, label: &'static str) {
        self.limited.get_or_create(&Label { label }).inc();
    }

    pub(crate) fn outage(&self, label: &'static str) {
        self.outages.get_or_create(&Label { label }).inc();
    }

    pub(crate) fn request(&self, path: &str, status: u16, time: Duration) {
        self.requests.get_or_create(&Handler { path: path.to_owned(), status }).observe(time.as_secs_f64());
    }

    /// Returns all metrics in the text format of Prometheus.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
