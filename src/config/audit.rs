//! `audit`: how the ledger is written.

use super::raw;
use super::resolve::secret;
use super::{Audit, ConfigError, Lookup};

/// Where the key is looked for without a settings file, also as `NAME_FILE`.
const KEY: &str = "CHATWARD_SIGNING_KEY";
/// How small and how large a file of the ledger may be set.
const MIN_SEGMENT: u64 = 4 * 1024;
const MAX_SEGMENT: u64 = 1024 * 1024 * 1024;

/// `audit` of a settings file, or what the environment says where there is none.
pub(super) fn audit_of(
    raw: Option<raw::Audit>,
    lookup: &Lookup<'_>,
    missing: &mut Vec<String>,
) -> Result<Audit, ConfigError> {
    let Some(raw) = raw else {
        return Ok(Audit { signing_key: lookup.text(KEY)?, segment_bytes: None });
    };
    let key = raw.signing_key.as_ref().map(|key| secret("audit.signing_key", key, lookup, missing));
    let signing_key = key.transpose()?.flatten();
    let segment_bytes = raw.segment_size.as_deref().map(bytes).transpose()?;
    Ok(Audit { signing_key, segment_bytes })
}

/// A number of bytes, such as `64MiB`.
fn bytes(text: &str) -> Result<u64, ConfigError> {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
    let unit = units.into_iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
    let number = unit.and_then(|(number, unit)| number.trim().parse::<u64>().ok()?.checked_mul(unit));
    match number {
        Some(bytes @ MIN_SEGMENT..=MAX_SEGMENT) => Ok(bytes),
        _ => Err(ConfigError::new(format!("audit.segment_size: {text:?} is not from 4KiB to 1GiB"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_and_bounds() {
        for (text, expected) in [
            ("64MiB", Some(64 << 20)),
            ("4KiB", Some(4096)),
            ("1 GiB", Some(1 << 30)),
            ("5000B", Some(5000)),
            ("4095B", None),
            ("2GiB", None),
            ("64", None),
            ("64MB", None),
            ("-1MiB", None),
            ("99999999999999999999GiB", None),
        ] {
            assert_eq!(bytes(text).ok(), expected, "{text}");
        }
    }
}
