//! What a pass learnt that is no part of the audit: `STATE/durations.json`, how long each tenant's jobs take.
//!
//! It is only a hint. It may be lost, old or torn at any moment without loss but of pace: what can't be read is learnt
//! anew. It is replaced whole: temporary file, rename.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::durations::Durations;
use crate::policy::TenantName;

const FILE: &str = "durations.json";
const VERSION: u32 = 1;
/// The longest file that is read.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Hints {
    version: u32,
    tenants: BTreeMap<TenantName, Durations>,
}

/// How long each tenant's jobs take, as far as that was learnt and is readable.
pub fn load(directory: &Path) -> BTreeMap<TenantName, Durations> {
    read(&directory.join(FILE))
        .filter(|hints| hints.version == VERSION)
        .map_or_else(BTreeMap::new, |hints| hints.tenants)
}

fn read(path: &Path) -> Option<Hints> {
    let mut text = Vec::new();
    fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Keeps how long each tenant's jobs take.
///
/// # Errors
/// Where the file can't be written; the old one is then still there.
pub fn save(directory: &Path, tenants: BTreeMap<TenantName, Durations>) -> io::Result<()> {
    let mut text = serde_json::to_vec(&Hints { version: VERSION, tenants })?;
    text.push(b'\n');
    let mut file = NamedTempFile::with_prefix_in(".durations-", directory)?;
    file.write_all(&text)?;
    file.persist(directory.join(FILE))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let directory = TempDir::new().unwrap();
        assert_eq!(load(directory.path()), BTreeMap::new());
        let mut durations = Durations::default();
        durations.learn(Duration::from_secs(1), Duration::from_secs(2));
        let tenants = BTreeMap::from([("acme".parse().unwrap(), durations)]);
        save(directory.path(), tenants.clone()).unwrap();
        save(directory.path(), tenants.clone()).unwrap();
        assert_eq!(load(directory.path()), tenants);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_torn_or_of_another_version_is_as_good_as_lost() {
        let directory = TempDir::new().unwrap();
        let rows = [
            "",
            "{",
            r#"{"version":1,"tenants":{"acme":[1.0]}}"#,
            r#"{"version":1,"tenants":{"../acme":[]}}"#,
            r#"{"version":2,"tenants":{}}"#,
        ];
        for text in rows {
            fs::write(directory.path().join(FILE), text).unwrap();
            assert_eq!(load(directory.path()), BTreeMap::new(), "{text}");
        }
        assert!(save(&directory.path().join("none"), BTreeMap::new()).is_err());
    }
}
