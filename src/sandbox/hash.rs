//! One hash for what the sandbox compares or names by content.

use sha2::{Digest as _, Sha256};

/// SHA-256 of the parts, kept apart by their lengths, as 64 hexadecimal digits.
pub(super) fn hash_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    const_hex::encode(hash.finalize())
}
