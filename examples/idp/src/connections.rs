//! The connections of browsers and programs: their number and their times are bounded.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// The longest times of a connection. The time of a request, its body included, is limited by its route.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// The time of a TLS handshake, and of the line and the headers of a request from their first byte.
    head: Duration,
    /// The time until the next request.
    idle: Duration,
    /// The time of the whole connection, after which it takes no new request.
    whole: Duration,
    /// The time of the last request after that. A client that does not read its response is cut off.
    last: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            // Proxies keep their connections for a minute. They must not use one that is being closed.
            idle: Duration::from_secs(65),
            whole: Duration::from_secs(10 * 60),
            last: Duration::from_secs(2 * 60),
        }
    }
}

/// The routes, and the settings of every connection.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) router: Router,
    /// Serves by HTTPS.
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) times: Times,
}

impl Server {
    /// Serves connections until `stop`, and then waits for the requests that have begun.
    ///
    /// At most this many connections are open at once. Further ones wait, in the order in which they came.
    pub(crate) async fn run(self, mut listener: TcpListener, most: NonZeroU32, stop: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(usize::try_from(most.get()).unwrap_or(Semaphore::MAX_PERMITS)));
        let (stopping, stopped) = watch::channel(false);
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, Listener::accept(&mut listener).await)
            };
            let (place, (stream, peer)) = tokio::select! {
                next = next => next,
                () = &mut stop => break,
            };
            let (server, stopped) = (self.clone(), stopped.clone());
            tokio::spawn(async move {
                server.open(stream, peer, stopped).await;
                drop(place);
            });
        }
        drop(listener);
        stopping.send_replace(true);
        // All places are free once all connections have ended.
        drop(places.acquire_many(most.get()).await);
    }

    async fn open(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        peer: SocketAddr,
        mut stopped: watch::Receiver<bool>,
    ) {
        let Some(tls) = &self.tls else { return self.serve(stream, peer, stopped).await };
        let stream = tokio::select! {
            stream = timeout(self.times.head, tls.accept(stream)) => stream,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        if let Ok(Ok(stream)) = stream {
            self.serve(stream, peer, stopped).await;
        }
    }

    /// Serves the requests of a connection. Its errors are those of the client.
    async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        peer: SocketAddr,
        mut stopped: watch::Receiver<bool>,
    ) {
        let steps = Arc::new(AtomicU64::new(0));
        let stream = Watched { stream, steps: Arc::clone(&steps), head: self.times.head, late: None };
        let service = service_fn(|mut request: Request<Incoming>| {
            steps.fetch_add(1, Ordering::Relaxed);
            request.extensions_mut().insert(ConnectInfo(peer));
            let response = self.router.clone().oneshot(request.map(Body::new));
            let steps = Arc::clone(&steps);
            async move {
                let response = response.await;
                steps.fetch_add(1, Ordering::Relaxed);
                response
            }
        });
        let mut builder = Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.times.idle);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = stopped.wait_for(|stopped| *stopped) => {}
            () = sleep(self.times.whole) => {}
        }
        connection.as_mut().graceful_shutdown();
        drop(timeout(self.times.last, connection).await);
    }
}

/// A stream on which a request must come whole in time, once its first byte has come.
///
/// The time of hyper for headers begins with the wait for them, and limits that wait as well.
struct Watched<S> {
    stream: S,
    /// The number of requests that have begun, and of those that have ended. It is odd while a request is served, whose
    /// body may be read.
    steps: Arc<AtomicU64>,
    head: Duration,
    /// The end of the time for the headers that have begun to come after this number of steps.
    late: Option<(u64, Pin<Box<Sleep>>)>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, steps, head, late } = self.get_mut();
        let steps = steps.load(Ordering::Relaxed);
        if late.as_ref().is_some_and(|(begun, _)| *begun != steps) {
            *late = None;
        }
        let before = buf.filled().len();
        let read = Pin::new(stream).poll_read(cx, buf);
        if buf.filled().len() > before && steps.is_multiple_of(2) {
            late.get_or_insert_with(|| (steps, Box::pin(sleep(*head))));
        } else if read.is_pending()
            && let Some((_, late)) = late
        {
            ready!(late.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
