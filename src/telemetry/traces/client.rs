//! The exporter's HTTP client: it follows no redirect, since headers may hold a secret, and says once that it fails.

use std::error::Error;
use std::future::Future;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::blocking;
use reqwest::redirect::Policy;
use tracing::{info, warn};
use url::Url;

use super::{ENDPOINTS, Lookup};
use crate::printable::printable;

/// How long a batch may take, where the environment does not say.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most of an answer that is read: it says how many spans were refused, and no more.
const MAX_ANSWER: u64 = 64 * 1024;

/// The longest reason that is told, in characters.
const MAX_WHY: usize = 300;

/// Sends batches, and says when that begins to fail and when it works again.
#[derive(Debug)]
pub struct Client {
    /// Scheme, host and port: the rest may hold a secret.
    origin: String,
    timeout: Duration,
    /// Made when the first batch is sent, on the thread that sends it: a start waits for no certificates.
    http: OnceLock<Result<blocking::Client, String>>,
    /// Batches in a row that could not be sent.
    failures: AtomicU64,
}

impl Client {
    pub fn new(env: Lookup<'_>) -> Self {
        let endpoint = ENDPOINTS.into_iter().find_map(env).and_then(|text| Url::parse(&text).ok());
        let timeout = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
        let timeout = timeout.into_iter().find_map(env).and_then(|text| text.parse().ok());
        Self {
            origin: endpoint.map(|url| url.origin().ascii_serialization()).unwrap_or_default(),
            timeout: timeout.map_or(TIMEOUT, Duration::from_millis),
            http: OnceLock::new(),
            failures: AtomicU64::new(0),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.exchange(request);
        match &answer {
            Ok(answer) if answer.status().is_success() => self.works(),
            Ok(answer) => self.fails(&format!("it answered {}", answer.status())),
            Err(why) => self.fails(why),
        }
        Ok(answer?)
    }

    fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let http = self.http.get_or_init(|| {
            let builder = blocking::Client::builder().timeout(self.timeout).redirect(Policy::none());
            builder.build().map_err(told)
        });
        let request = request.try_into().map_err(told)?;
        let mut answer = http.as_ref().map_err(Clone::clone)?.execute(request).map_err(told)?;
        let mut body = Vec::new();
        answer.by_ref().take(MAX_ANSWER).read_to_end(&mut body).map_err(|error| error.to_string())?;
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }

    fn fails(&self, why: &str) {
        if self.failures.fetch_add(1, Ordering::Relaxed) == 0 {
            let (why, origin) = (printable(why, MAX_WHY), &self.origin);
            warn!(
                name: "traces.failed", endpoint = origin, error = why,
                "traces can't be sent to {origin}, which harms nothing else: {why}",
            );
        }
    }

    fn works(&self) {
        let times = self.failures.swap(0, Ordering::Relaxed);
        if times > 0 {
            let origin = &self.origin;
            info!(
                name: "traces.recovered", endpoint = origin, times,
                "traces are sent to {origin} again, after {times} failed tries",
            );
        }
    }
}

/// An error with its causes, without the address.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move { self.send(request) })
    }
}
