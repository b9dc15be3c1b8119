//! One entry as one line: JSON, with its own hash as the last member.
//!
//! The hash is SHA-256 over the line's bytes up to (not including) `,"hash":"`. Those bytes hold `previousHash`, which
//! makes the chain. So an auditor needs nothing but a text editor and `sha256sum` to check a link.

use crate::digest::{CanonicalError, EntryHash};
use crate::entry::Entry;

const OPEN: &[u8] = b",\"hash\":\"";
const CLOSE: &[u8] = b"\"}";
const HEX: usize = 64;

/// The line of an entry, its newline included, and its hash.
pub(super) fn encode(entry: &Entry) -> Result<(Vec<u8>, EntryHash), CanonicalError> {
    let mut line = serde_json::to_vec(entry)?;
    line.pop(); // the closing brace, which comes back behind the hash
    let hash = EntryHash::of(&line);
    line.extend_from_slice(OPEN);
    line.extend_from_slice(hash.to_string().as_bytes());
    line.extend_from_slice(CLOSE);
    line.push(b'\n');
    Ok((line, hash))
}

/// The hash of a line without its newline; `Err` says how the line was altered.
pub(super) fn check(line: &[u8]) -> Result<EntryHash, String> {
    let missing = || "it does not end in its hash".to_owned();
    let body_end = line.len().checked_sub(OPEN.len() + HEX + CLOSE.len()).ok_or_else(missing)?;
    let (body, tail) = line.split_at(body_end);
    let hex = tail.strip_prefix(OPEN).and_then(|tail| tail.strip_suffix(CLOSE)).ok_or_else(missing)?;
    let claimed: Option<EntryHash> = std::str::from_utf8(hex).ok().and_then(|hex| hex.parse().ok());
    let hash = EntryHash::of(body);
    if claimed == Some(hash) {
        Ok(hash)
    } else {
        Err("its hash is not that of its bytes: it was altered".to_owned())
    }
}

/// The entry of a line without its newline, and its hash.
pub(super) fn decode(line: &[u8]) -> Result<(Entry, EntryHash), String> {
    let hash = check(line)?;
    let entry = serde_json::from_slice(line).map_err(|error| format!("not an entry: {error}"))?;
    Ok((entry, hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Event, TenantRecovered, VERSION};

    fn entry() -> Entry {
        Entry {
            version: VERSION,
            sequence: 1,
            time: "2026-11-01T00:00:00Z".parse().unwrap(),
            event: Event::TenantRecovered(TenantRecovered { tenant: "acme".parse().unwrap() }),
            previous_hash: EntryHash::GENESIS,
        }
    }

    #[test]
    fn a_line_reads_as_it_was_written() {
        let (line, hash) = encode(&entry()).unwrap();
        let line = line.strip_suffix(b"\n").unwrap();
        assert_eq!(decode(line), Ok((entry(), hash)));
        let text = std::str::from_utf8(line).unwrap();
        assert!(text.starts_with(
            r#"{"version":1,"sequence":1,"time":"2026-11-01T00:00:00Z","event":"tenant.recovered","#
        ));
    }

    #[test]
    fn every_altered_byte_is_seen() {
        let (line, _) = encode(&entry()).unwrap();
        let line = line.strip_suffix(b"\n").unwrap();
        for index in 0..line.len() {
            let mut altered = line.to_vec();
            altered[index] ^= 1;
            assert!(check(&altered).is_err(), "byte {index}");
        }
        assert!(check(b"").is_err());
        assert!(check(&line[1..]).is_err());
    }
}
