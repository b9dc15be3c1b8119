//! `observe`: the pages that are looked at as a browser receives them, and how often.

use std::collections::BTreeSet;
use std::time::Duration;

use url::Url;

use super::ConfigError;
use super::raw;
use crate::loopback::is_loopback;
use crate::policy::PolicyName;
use crate::state::MAX_PAGES;

/// PCI DSS 4.0.1, 11.6.1: at least once every seven days.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const MIN_EVERY: Duration = Duration::from_secs(60);
const MAX_URL: usize = 2048;

/// A page, and the policy that it should come with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// The policy, of the same tenant.
    pub policy: PolicyName,
    /// The longest between two looks.
    pub every: Duration,
    /// Where it is in place of its address, in a simulated tenant.
    pub simulated_at: Option<Url>,
}

impl Page {
    /// Where it is fetched.
    pub fn address(&self) -> &Url {
        self.simulated_at.as_ref().unwrap_or(&self.url)
    }
}

pub(super) fn pages_of(raw: &[raw::Observe]) -> Result<Vec<Page>, ConfigError> {
    if raw.len() > MAX_PAGES {
        return Err(ConfigError::new(format!("observe: at most {MAX_PAGES} pages, not {}", raw.len())));
    }
    let mut seen = BTreeSet::new();
    let page = |raw: &raw::Observe| {
        let page = page_of(raw)?;
        match seen.insert(page.url.clone()) {
            true => Ok(page),
            false => Err(ConfigError::new(format!("observe: {} is there twice", page.url))),
        }
    };
    raw.iter().map(page).collect()
}

fn page_of(raw: &raw::Observe) -> Result<Page, ConfigError> {
    let wrong = |why: String| Err(ConfigError::new(format!("observe.url: {why}")));
    let mut url = match Url::parse(&raw.url) {
        Ok(url) => url,
        Err(error) => return wrong(format!("not a URL: {error}")),
    };
    if url.as_str().len() > MAX_URL {
        return wrong(format!("over {MAX_URL} characters"));
    }
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return wrong("a page is looked at over https, or over http on this machine".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("credentials don't belong into a URL".to_owned());
    }
    // No server is told of it.
    url.set_fragment(None);
    let every = raw.every.unwrap_or(WEEK);
    if !(MIN_EVERY..=WEEK).contains(&every) {
        return Err(ConfigError::new("observe.every: from 1m to 7d"));
    }
    Ok(Page { url, policy: raw.policy.clone(), every, simulated_at: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static str, Option<u64>);

    fn pages(rows: &[Row]) -> Result<Vec<Page>, String> {
        let row = |(url, every): &Row| raw::Observe {
            url: (*url).to_owned(),
            policy: "checkout-chat".parse().unwrap(),
            every: every.map(Duration::from_secs),
        };
        pages_of(&rows.iter().map(row).collect::<Vec<_>>()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_is_looked_at_once_a_week_unless_it_is_said_otherwise() {
        let pages = pages(&[("https://www.example/a#top", None), ("http://127.0.0.1:1/", Some(60))]).unwrap();
        assert_eq!((pages[0].url.as_str(), pages[0].every), ("https://www.example/a", WEEK));
        assert_eq!((pages[1].address().as_str(), pages[1].every), ("http://127.0.0.1:1/", MIN_EVERY));
    }

    #[test]
    fn what_can_not_be_looked_at_is_refused() {
        let rows: [(&[Row], &str); 8] = [
            (&[("http://www.example/", None)], "over https"),
            (&[("ftp://www.example/", None)], "over https"),
            (&[("www.example", None)], "not a URL"),
            (&[("https://me:it@www.example/", None)], "credentials"),
            (&[("https://www.example/", Some(59))], "from 1m to 7d"),
            (&[("https://www.example/", Some(604_801))], "from 1m to 7d"),
            (&[("https://www.example", None), ("https://www.example/#b", None)], "is there twice"),
            (&[("https://www.example/", None); MAX_PAGES + 1], "at most 100 pages"),
        ];
        for (row, expected) in rows {
            let error = pages(row).unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
