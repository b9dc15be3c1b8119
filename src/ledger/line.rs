//! One entry as one line: JSON, with its own hash, and its signature where it has one, as the last members.
//!
//! ```text
//! {"version":1,"sequence":7,…,"previousHash":"…","hash":"…","signature":"…"}
//!  └───────────────── what is hashed ──────────┘          └ Ed25519 of those 64 digits
//! ```
//!
//! The hash is SHA-256 over the line's bytes up to (not including) `,"hash":"`. Those bytes hold `previousHash`, which
//! makes the chain. So an auditor needs nothing but a text editor and `sha256sum` to check a link, and `openssl` to check
//! a signature.

use memchr::memmem::Finder;

use super::sign::{self, Signature, SigningKey};
use crate::digest::{CanonicalError, EntryHash};
use crate::entry::{Entry, Event};

const OPEN: &[u8] = b",\"hash\":\"";
const SIGNED: &[u8] = b",\"signature\":\"";
const CLOSE: &[u8] = b"\"";
const HEX: usize = 64;

/// A line taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// Its entry.
    pub(super) entry: Entry,
    /// Its hash.
    pub(super) hash: EntryHash,
    /// Its signature, where it has one.
    pub(super) signature: Option<Signature>,
}

/// The line of an entry, its newline included, and its hash.
pub(super) fn encode(
    entry: &Entry,
    key: Option<&SigningKey>,
) -> Result<(Vec<u8>, EntryHash), CanonicalError> {
    let mut line = serde_json::to_vec(entry)?;
    line.pop(); // the closing brace, which comes back at the end
    let hash = EntryHash::of(&line);
    line.extend([OPEN, hash.to_string().as_bytes(), CLOSE].concat());
    if let Some(key) = key {
        line.extend([SIGNED, key.sign(hash).text().as_bytes(), CLOSE].concat());
    }
    line.extend_from_slice(b"}\n");
    Ok((line, hash))
}

/// What a line is made of, before anybody looks at what its entry says.
struct Parts<'a> {
    body: &'a [u8],
    hash: EntryHash,
    signature: Option<Signature>,
}

fn parts(line: &[u8]) -> Result<Parts<'_>, String> {
    let missing = || "it does not end in its hash".to_owned();
    let whole = line.strip_suffix(b"}").ok_or_else(missing)?;
    let (hashed, signature) = match value(whole, SIGNED, sign::TEXT) {
        Some((hashed, text)) => {
            let signature = Signature::read(text).ok_or_else(|| "its signature is none".to_owned())?;
            (hashed, Some(signature))
        }
        None => (whole, None),
    };
    let (body, hex) = value(hashed, OPEN, HEX).ok_or_else(missing)?;
    let claimed: Option<EntryHash> = std::str::from_utf8(hex).ok().and_then(|hex| hex.parse().ok());
    let hash = EntryHash::of(body);
    if claimed != Some(hash) {
        return Err("its hash is not that of its bytes: it was altered".to_owned());
    }
    Ok(Parts { body, hash, signature })
}

/// A text's last member, if it has that name and length, and what stands before it.
fn value<'a>(text: &'a [u8], open: &[u8], length: usize) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.len().checked_sub(open.len() + length + CLOSE.len())?;
    let (before, member) = text.split_at(at);
    Some((before, member.strip_prefix(open)?.strip_suffix(CLOSE)?))
}

/// The hash of a line without its newline; `Err` says how the line was altered.
pub(super) fn check(line: &[u8]) -> Result<EntryHash, String> {
    parts(line).map(|parts| parts.hash)
}

/// A line without its newline, taken apart; `Err` says how it was altered.
pub(super) fn decode(line: &[u8]) -> Result<Line, String> {
    let Parts { hash, signature, .. } = parts(line)?;
    Ok(Line { entry: read(line)?, hash, signature })
}

fn read(object: &[u8]) -> Result<Entry, String> {
    let entry = Entry::from_json(object).map_err(|error| format!("not an entry: {error}"))?;
    match &entry.event {
        Event::Intent(intent) if intent.payload.is_none() => Err("an intent without its payload".to_owned()),
        _ => Ok(entry),
    }
}

const INTENT: &[u8] = b",\"event\":\"operation.intent\",";
/// Within so many bytes a line has named its event.
const HEADING: usize = 160;
const PAYLOAD: &[u8] = b",\"payload\":{";
const AFTER_PAYLOAD: &[u8] = b"},\"previousHash\":\"";

/// Reads lines as [`decode`] does, without the payload of an intent: most of a ledger is payloads, and what its entries
/// add up to is the same without them. What they say is proven by the hash.
pub(super) struct Outliner {
    intent: Finder<'static>,
    payload: Finder<'static>,
    /// For use again.
    buffer: Vec<u8>,
}

impl Outliner {
    pub(super) fn new() -> Self {
        Self { intent: Finder::new(INTENT), payload: Finder::new(PAYLOAD), buffer: Vec::new() }
    }

    /// A line without its newline; `Err` says how it was altered.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<Line, String> {
        let Parts { body, hash, signature } = parts(line)?;
        let Some((start, end)) = self.payload(body) else {
            return Ok(Line { entry: read(line)?, hash, signature });
        };
        self.buffer.clear();
        for part in [&body[..start], &body[end..], b"}"] {
            self.buffer.extend_from_slice(part);
        }
        let entry = Entry::from_json(&self.buffer).map_err(|error| format!("not an entry: {error}"))?;
        Ok(Line { entry, hash, signature })
    }

    /// Where an intent's payload begins and ends. A quotation mark within a string has a backslash before it, so what is
    /// looked for is a member and nothing else.
    fn payload(&self, body: &[u8]) -> Option<(usize, usize)> {
        let end = body.len().checked_sub(AFTER_PAYLOAD.len() + HEX + CLOSE.len())?;
        let (before, after) = body.split_at(end);
        let (heading, rest) = before.split_at_checked(HEADING)?;
        if !after.starts_with(AFTER_PAYLOAD) || self.intent.find(heading).is_none() {
            return None;
        }
        Some((HEADING + self.payload.find(rest)?, end + 1))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::digest::Digest;
    use crate::entry::{TenantRecovered, VERSION};
    use crate::payload::tests::payload;

    fn entry() -> Entry {
        Entry {
            version: VERSION,
            sequence: 1,
            time: "2026-11-01T00:00:00Z".parse().unwrap(),
            event: Event::TenantRecovered(TenantRecovered { tenant: "acme".parse().unwrap() }),
            previous_hash: EntryHash::GENESIS,
        }
    }

    fn lines() -> [Vec<u8>; 2] {
        let (key, _) = sign::generate().unwrap();
        let key = SigningKey::from_pem(&key).unwrap();
        [None, Some(&key)].map(|key| {
            let (mut line, _) = encode(&entry(), key).unwrap();
            assert_eq!(line.pop(), Some(b'\n'));
            line
        })
    }

    #[test]
    fn a_line_reads_as_it_was_written() {
        for (line, signed) in lines().iter().zip([false, true]) {
            let read = decode(line).unwrap();
            assert_eq!((&read.entry, read.signature.is_some()), (&entry(), signed));
            assert_eq!(check(line), Ok(read.hash));
            let text = std::str::from_utf8(line).unwrap();
            assert!(text.starts_with(
                r#"{"version":1,"sequence":1,"time":"2026-11-01T00:00:00Z","event":"tenant.recovered","#
            ));
            let whole: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(whole["hash"], read.hash.to_string());
            assert_eq!(whole["signature"].is_string(), signed);
        }
    }

    #[test]
    fn every_altered_byte_is_seen() {
        let [line, _] = lines();
        for index in 0..line.len() {
            let mut altered = line.clone();
            altered[index] ^= 1;
            assert!(check(&altered).is_err(), "byte {index}");
        }
        assert!(check(b"").is_err());
        assert!(check(&line[1..]).is_err());
    }

    #[test]
    fn an_outline_is_the_entry_without_its_payload() {
        let id = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
        let intent = |payload: serde_json::Value, author: &str| -> Entry {
            let digest = Digest::of(b"");
            let value = json!({
                "version": 1, "sequence": 1, "time": "2026-11-01T00:00:00Z", "event": "operation.intent",
                "tenant": "default", "policy": "a", "operation": "deploy", "cause": "new", "digest": digest,
                "file": "a.yaml", "fileHash": digest, "revision": "9b8c", "author": author,
                "idempotencyKey": id, "correlationId": id, "payload": payload, "previousHash": EntryHash::GENESIS,
            });
            serde_json::from_value(value).unwrap()
        };
        let mut hostile = serde_json::to_value(payload()).unwrap();
        hostile["securityProfile"]["xssProtection"]["mode"] = r#","payload":{},"previousHash":"#.into();
        for author in ["Ada", r#"Ada","payload":{"#] {
            for payload in [serde_json::to_value(payload()).unwrap(), hostile.clone()] {
                let (mut line, hash) = encode(&intent(payload, author), None).unwrap();
                line.pop();
                let outline = Outliner::new().read(&line).unwrap();
                assert!(
                    matches!(&decode(&line).unwrap().entry.event, Event::Intent(it) if it.payload.is_some())
                );
                assert_eq!(
                    outline,
                    Line { entry: intent(serde_json::Value::Null, author), hash, signature: None }
                );
            }
        }
        let (mut without, _) = encode(&intent(serde_json::Value::Null, "Ada"), None).unwrap();
        without.pop();
        for refused in [decode(&without), Outliner::new().read(&without)] {
            assert_eq!(refused, Err("an intent without its payload".to_owned()));
        }
    }
}
