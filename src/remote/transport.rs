//! What carries a request to a tenant and its answer back: the network, or what a simulation puts in its place.
//!
//! All that is known of HTTP beyond this (tokens, pauses, turns, what an answer means) is the same for both.

use std::pin::Pin;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Request};
use url::Url;

use super::cause;
use super::tuning::Timeouts;
use crate::loopback::is_loopback;
use crate::outcome::Reply;

/// The most that is read of a body, after decompression.
pub(super) const MAX_BODY: usize = 1024 * 1024;

const USER_AGENT: &str = concat!("chatward/", env!("CARGO_PKG_VERSION"));

/// Carries requests.
pub trait Transport: Send + Sync {
    /// Carries one request. Dropped, it is given up, and may have been taken.
    ///
    /// `Err` is a reply without an answer: nothing was sent, or the answer was lost.
    fn carry(&self, request: Request) -> Carried<'_>;
}

/// An answer on its way.
pub type Carried<'a> = Pin<Box<dyn Future<Output = Result<Response, Reply>> + Send + 'a>>;

/// An answer, as it came.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; `Err` says why it could not be read.
    pub body: Result<Vec<u8>, String>,
}

/// The network. No redirect is followed, every wait has an end, and a body is read to 1 MiB and no further.
pub(super) struct Network(Client);

impl Network {
    /// `base` says whether a proxy of the environment may stand in between: never before a loopback address.
    pub fn new(base: &Url, timeouts: Timeouts) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.read)
            .timeout(timeouts.total)
            .gzip(true);
        if is_loopback(base) {
            builder = builder.no_proxy();
        }
        Ok(Self(builder.build()?))
    }
}

impl Transport for Network {
    fn carry(&self, request: Request) -> Carried<'_> {
        Box::pin(async {
            let response = self.0.execute(request).await.map_err(|error| cause::reply_of(&error))?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(Response { status, headers, body: read(response).await })
        })
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_BODY => {
                return Err("its body is over 1 MiB".to_owned());
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(cause::text(&error)),
        }
    }
}
