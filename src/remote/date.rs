//! What time it is at a server: the `Date` of whatever it answers (RFC 9110 §6.6.1).

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::DATE;
use reqwest::{Client, redirect};
use url::Url;

/// The longest that is waited for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time at the server of a URL, where it answers anything with a date. Nothing but the request itself is sent.
pub async fn date(url: &Url) -> Option<Timestamp> {
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).build().ok()?;
    let answer = client.head(url.clone()).send().await.ok()?;
    let date = httpdate::parse_http_date(answer.headers().get(DATE)?.to_str().ok()?).ok()?;
    date.try_into().ok()
}
