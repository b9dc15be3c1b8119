//! From a reply to what was asked for: the body is read here, and only of an answer that has one to give. Pure.

use serde_json::Value;

use super::address::segment;
use crate::outcome::{Answer, Class, Endpoint, Fault, Reply, classify};

/// The longest id that a tenant may give.
pub(super) const MAX_ID: usize = 200;

/// Why an answer of a success can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// The body is not what it should be: as good as one that could not be read.
    Unreadable(String),
    /// It is clear what it means, and it is no success.
    Ended(Fault, String),
}

/// What a reply comes to.
pub(super) enum Settled<T> {
    /// What was asked for.
    Read(T),
    /// The end, and not a good one, whatever else is tried.
    Ended(Fault, String),
    /// Neither: the retry rules say what follows.
    Open(Reply, Class),
}

/// Reads a reply, if it is a success or the address is empty. A body that `read` can't read is as good as lost.
pub(super) fn settle<T>(
    endpoint: Endpoint,
    reply: Reply,
    read: impl FnOnce(&Answer) -> Result<T, Unread>,
) -> Settled<T> {
    let class = classify(endpoint, &reply);
    let (Class::Success | Class::NotFound, Reply::Answered(answer)) = (class, &reply) else {
        return Settled::Open(reply, class);
    };
    match read(answer) {
        Ok(value) => Settled::Read(value),
        Err(Unread::Ended(fault, why)) => Settled::Ended(fault, why),
        Err(Unread::Unreadable(why)) => {
            let reply = Reply::Unreadable { status: answer.status, why };
            let class = classify(endpoint, &reply);
            Settled::Open(reply, class)
        }
    }
}

/// The status of a reply, where it had one.
pub(super) fn status_of(reply: &Reply) -> Option<u16> {
    match reply {
        Reply::Answered(Answer { status, .. }) | Reply::Unreadable { status, .. } => Some(*status),
        Reply::NotSent(_) | Reply::Lost(_) => None,
    }
}

/// A body as a JSON object.
pub(super) fn object(body: &[u8]) -> Result<Value, Unread> {
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Unread::Unreadable("its body is not a JSON object".to_owned())),
        Err(error) => Err(Unread::Unreadable(format!("its body is not JSON: {error}"))),
    }
}

/// An id in a body: a text or a whole number, short, and fit for a path.
pub(super) fn id(body: &Value, name: &str) -> Option<String> {
    let id = match body.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_u64() || number.is_i64() => number.to_string(),
        _ => return None,
    };
    let fits = id.len() <= MAX_ID && !id.chars().any(char::is_control) && segment(&id).is_some();
    fits.then_some(id)
}
