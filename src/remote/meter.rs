//! What is counted of the traffic to a tenant: told after each request to whoever keeps the metrics.

use std::time::Duration;

use super::answer::status_of;
use crate::outcome::{Endpoint, Reply};
use crate::policy::TenantName;

/// Whoever keeps count of requests.
pub trait Meter: Send + Sync {
    /// A request was answered, or was not.
    fn request(&self, exchange: &Exchanged<'_>);
}

/// Nobody does.
impl Meter for () {
    fn request(&self, _: &Exchanged<'_>) {}
}

/// One request, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchanged<'a> {
    /// To whom.
    pub tenant: &'a TenantName,
    /// What for.
    pub endpoint: Endpoint,
    /// How it was answered: `2xx` to `5xx`, or `unsent`, `lost`, `unreadable`.
    pub class: &'static str,
    /// From its start to the end of the answer.
    pub took: Duration,
    /// How long it was kept back before, by a pause that the tenant asked for or by its pace.
    pub throttled: Duration,
}

/// The class of a reply, of which there are few.
pub(super) fn class_of(reply: &Reply) -> &'static str {
    match reply {
        Reply::NotSent(_) => "unsent",
        Reply::Lost(_) => "lost",
        Reply::Unreadable { .. } => "unreadable",
        Reply::Answered(_) => match status_of(reply).unwrap_or_default() {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Answer;

    #[test]
    fn every_reply_has_one_of_few_classes() {
        let answered = |status| Reply::Answered(Answer { status, ..Answer::default() });
        let rows = [
            (answered(202), "2xx"),
            (answered(301), "3xx"),
            (answered(429), "4xx"),
            (answered(503), "5xx"),
            (Reply::NotSent(String::new()), "unsent"),
            (Reply::Lost(String::new()), "lost"),
            (Reply::Unreadable { status: 200, why: String::new() }, "unreadable"),
        ];
        for (reply, class) in rows {
            assert_eq!(class_of(&reply), class, "{reply:?}");
        }
    }
}
