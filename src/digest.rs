//! SHA-256 values with their meanings kept apart, and the canonical JSON (RFC 8785) that policies are hashed as.
//!
//! All of them print and parse as 64 lowercase hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::textual::textual;

/// Why a text is not a SHA-256 value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct HexError;

macro_rules! sha256 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        textual!($name);

        impl $name {
            /// The hash of these bytes.
            pub fn of(bytes: &[u8]) -> Self {
                Self(Sha256::digest(bytes).into())
            }

            /// A hash computed elsewhere.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first eight hexadecimal digits, for people.
            pub fn short(&self) -> String {
                const_hex::encode(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(const_hex::Buffer::<32>::new().format(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                // One value has one text, so that texts can be compared in place of values.
                let other = text.bytes().fold(false, |found, byte| found | byte.is_ascii_uppercase());
                if other || text.len() != 64 {
                    return Err(HexError);
                }
                let mut bytes = [0; 32];
                match const_hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) => Ok(Self(bytes)),
                    Err(_) => Err(HexError),
                }
            }
        }
    };
}

sha256! {
    /// What a policy says: the hash of its payload's canonical JSON without `metadata`.
    ///
    /// A comment, the order of keys, white space and the form of a value never change it.
    Digest
}
sha256! {
    /// The hash of a file's bytes: tells that the file has to be read again, nothing more.
    FileHash
}
sha256! {
    /// What a plan is known by: the hash of its changes' canonical JSON, with all that they start from.
    PlanDigest
}
sha256! {
    /// What a signing key is known by: the hash of its public key (SubjectPublicKeyInfo, DER).
    KeyId
}
sha256! {
    /// The hash of a ledger entry, which the next entry carries on.
    EntryHash
}

impl EntryHash {
    /// What the first entry of a ledger carries as the one before it.
    pub const GENESIS: Self = Self([0; 32]);
}

/// A value that has no JSON form.
#[derive(Debug, thiserror::Error)]
#[error("no canonical JSON: {0}")]
pub struct CanonicalError(#[from] serde_json::Error);

/// The canonical JSON of a value (RFC 8785): the same value always gives the same bytes.
///
/// # Errors
/// Where the value has no JSON form, such as a map whose keys are not strings.
pub fn canonical_json(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_as_it_prints() {
        let digest = Digest::of(b"");
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
        assert_eq!(text.to_uppercase().parse::<Digest>(), Err(HexError));
        for other in
            [&text[1..], &text[2..], &format!("0x{text}"), &format!("0x{}", &text[2..]), &format!("{text}00")]
        {
            assert_eq!(other.parse::<Digest>(), Err(HexError), "{other}");
        }
        assert_eq!(serde_json::to_value(digest).unwrap(), text);
        assert_eq!(serde_json::from_value::<Digest>(text.into()).unwrap(), digest);
        assert_eq!(digest.short(), "e3b0c442");
    }

    #[test]
    fn canonical_json_is_that_of_rfc_8785() {
        // RFC 8785 §3.2.2 and §3.2.3: escapes, numbers, and keys ordered by UTF-16 code units.
        let value: serde_json::Value = serde_json::from_str(
            r#"{"\ufb33": 1, "\ud83d\ude00": 2, "\u20ac": 3, "\r": 4, "1": 5, "n": [1E30, 4.50, 2e-3, 0.000001], "s": "\u20ac$\u000f\nA'\u0042\u0022\u005c\\\"\/"}"#,
        )
        .unwrap();
        let text = String::from_utf8(canonical_json(&value).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"\\r\":4,\"1\":5,\"n\":[1e+30,4.5,0.002,0.000001],\"s\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\",\"€\":3,\"😀\":2,\"\u{fb33}\":1}"
        );
    }
}
