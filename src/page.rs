//! Fetching a page as a browser does, for what it says of Content-Security-Policy.
//!
//! No tenant's token goes along, and no cookie. Redirects are followed as browsers do it, since what counts is the page
//! that a visitor ends on; but only over TLS, or from this machine to itself. Of the page as much is read as can hold its
//! head. A page that answers with anything but success is none: an error page says nothing about the page itself.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use url::Url;

use crate::loopback::is_loopback;
use crate::observed::{Place, Received, meta};
use crate::remote::failure_text;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 10;
/// How much of a page is read, after decompression. Its policy stands at its beginning.
const MAX_HTML: usize = 1024 * 1024;
/// How long a page may take, redirects included.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
/// As a browser that navigates asks, so that it is sent what a browser is sent.
const BROWSERS_ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const USER_AGENT: &str = concat!("Mozilla/5.0 (compatible; chatward/", env!("CARGO_PKG_VERSION"), ")");

/// A page that was had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where redirects ended.
    pub landed_at: Url,
    /// What it said.
    pub received: Received,
}

/// Fetches a page.
///
/// # Errors
/// Why it could not be had, in words.
pub async fn fetch(url: &Url) -> Result<Page, String> {
    match tokio::time::timeout(PATIENCE, follow(url.clone())).await {
        Ok(fetched) => fetched,
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

async fn follow(mut at: Url) -> Result<Page, String> {
    let mut builder =
        Client::builder().user_agent(USER_AGENT).redirect(Policy::none()).connect_timeout(CONNECT).gzip(true);
    if is_loopback(&at) {
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|error| failure_text(&error))?;
    for _ in 0..=MAX_REDIRECTS {
        let asked = client.get(at.clone()).header(ACCEPT, BROWSERS_ACCEPT).send().await;
        let response = asked.map_err(|error| failure_text(&error))?;
        let status = response.status();
        if status.is_redirection() {
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            at = next(&at, location.ok_or_else(|| format!("{status} without a place to go to"))?)?;
        } else if status.is_success() {
            let received = read(response).await?;
            return Ok(Page { landed_at: at, received });
        } else {
            return Err(format!("it answered {status}"));
        }
    }
    Err(format!("over {MAX_REDIRECTS} redirects"))
}

/// Where a redirect leads, if it may be followed: a page that leaves TLS, or enters this machine, is not one that a visitor
/// should end on.
fn next(at: &Url, location: &str) -> Result<Url, String> {
    let next = at.join(location).map_err(|error| format!("it redirects to what is no URL: {error}"))?;
    let stays = is_loopback(at) && is_loopback(&next) && next.scheme() == "http";
    let secure = next.scheme() == "https" && (is_loopback(at) || !is_loopback(&next));
    match stays || secure {
        true => Ok(next),
        false => Err("it redirects away from https, or to this machine".to_owned()),
    }
}

async fn read(mut response: Response) -> Result<Received, String> {
    let mut said = Vec::new();
    for (name, place) in [
        ("content-security-policy", Place::Header),
        ("content-security-policy-report-only", Place::ReportOnly),
    ] {
        let values = response.headers().get_all(name).iter();
        said.extend(values.map(|value| (place, String::from_utf8_lossy(value.as_bytes()).into_owned())));
    }
    if is_html(response.headers()) {
        let mut html = Vec::new();
        while html.len() < MAX_HTML
            && let Some(chunk) = response.chunk().await.map_err(|error| failure_text(&error))?
        {
            html.extend_from_slice(&chunk);
        }
        html.truncate(MAX_HTML);
        said.extend(meta::policies(&html).into_iter().map(|value| (Place::Meta, value)));
    }
    Ok(Received(said))
}

fn is_html(headers: &HeaderMap) -> bool {
    let named = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/html");
    let essence = named.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"].iter().any(|html| essence.eq_ignore_ascii_case(html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_on_tls_and_off_this_machine() {
        let rows = [
            ("https://a.example/x", "y", Some("https://a.example/y")),
            ("https://a.example/x", "//b.example/", Some("https://b.example/")),
            ("https://a.example/", "http://a.example/", None),
            ("https://a.example/", "https://127.0.0.1/", None),
            ("https://a.example/", "http://localhost:1/", None),
            ("https://a.example/", "javascript:alert(1)", None),
            ("http://127.0.0.1:1/", "/b", Some("http://127.0.0.1:1/b")),
            ("http://127.0.0.1:1/", "https://a.example/", Some("https://a.example/")),
            ("http://127.0.0.1:1/", "http://a.example/", None),
        ];
        for (at, location, expected) in rows {
            let next = next(&Url::parse(at).unwrap(), location);
            assert_eq!(next.as_ref().ok().map(Url::as_str), expected, "{at} → {location}");
        }
    }
}
