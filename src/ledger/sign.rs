//! Signatures of entries: Ed25519 (RFC 8032) over an entry's hash, as its 64 hexadecimal digits.
//!
//! A chain shows that nothing in it was altered; whoever can write the file can make a whole new chain. A signature shows
//! that the holder of a key wrote it. Keys are PEM files as `openssl` writes and reads them: PKCS#8 for the private one,
//! SubjectPublicKeyInfo (RFC 8410) for the public one. No error and no debug form shows a private key.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::digest::{EntryHash, KeyId};

/// What stands before the 32 bytes of a public key in its SubjectPublicKeyInfo (RFC 8410 §4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The length of a signature in a line: 64 bytes in base64.
pub(super) const TEXT: usize = 88;

/// Why a key can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a private key.
    #[error(
        "not an Ed25519 private key in PEM (PKCS#8); `chatward audit keygen` and `openssl genpkey -algorithm ed25519` \
         write one"
    )]
    NoPrivateKey,
    /// Not a public key.
    #[error(
        "not an Ed25519 public key in PEM (SubjectPublicKeyInfo); `chatward audit keygen` and \
         `openssl pkey -in KEY -pubout` write one"
    )]
    NoPublicKey,
    /// No key can be made.
    #[error("the machine gives no random numbers to make a key of")]
    NoChance,
}

/// An entry's signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature([u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({}…)", &self.text()[..8])
    }
}

impl Signature {
    pub(super) fn text(&self) -> String {
        STANDARD.encode(self.0)
    }

    pub(super) fn read(text: &[u8]) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

/// A key that signs.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    id: KeyId,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id.short())
    }
}

impl SigningKey {
    /// A private key from its PEM file.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_pem(pem: &SecretString) -> Result<Self, KeyError> {
        let der = unwrap("PRIVATE KEY", pem.expose_secret()).ok_or(KeyError::NoPrivateKey)?;
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| KeyError::NoPrivateKey)?;
        let id = public(&pair)?.id();
        Ok(Self { pair, id })
    }

    /// What it is known by.
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn sign(&self, hash: EntryHash) -> Signature {
        let signature = self.pair.sign(hash.to_string().as_bytes());
        let mut bytes = [0; 64];
        bytes.copy_from_slice(signature.as_ref());
        Signature(bytes)
    }
}

/// A key that signatures are checked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// A public key from its PEM file.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = unwrap("PUBLIC KEY", pem).ok_or(KeyError::NoPublicKey)?;
        let key = der.strip_prefix(&SPKI).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or(KeyError::NoPublicKey)
    }

    /// Its PEM file.
    pub fn to_pem(&self) -> String {
        wrap("PUBLIC KEY", &self.der())
    }

    /// What it is known by.
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.der())
    }

    fn der(&self) -> Vec<u8> {
        [&SPKI[..], &self.0].concat()
    }

    pub(super) fn has_signed(&self, hash: EntryHash, signature: &Signature) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(hash.to_string().as_bytes(), &signature.0).is_ok()
    }
}

/// A new key: the private one's PEM file, and the public one.
///
/// # Errors
/// Where the machine gives no random numbers.
pub fn generate() -> Result<(SecretString, PublicKey), KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NoChance)?;
    let der = pair.to_pkcs8v1().map_err(|_| KeyError::NoChance)?;
    Ok((wrap("PRIVATE KEY", der.as_ref()).into(), public(&pair)?))
}

fn public(pair: &Ed25519KeyPair) -> Result<PublicKey, KeyError> {
    pair.public_key().as_ref().try_into().map(PublicKey).map_err(|_| KeyError::NoPrivateKey)
}

fn wrap(label: &str, der: &[u8]) -> String {
    // An Ed25519 key is shorter than a line of PEM.
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn unwrap(label: &str, pem: &str) -> Option<Vec<u8>> {
    let text = pem.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let text = text.strip_suffix(&format!("-----END {label}-----"))?;
    STANDARD.decode(text.split_whitespace().collect::<String>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_as_it_was_written_and_only_its_own_signature_holds() {
        let (pem, public) = generate().unwrap();
        let key = SigningKey::from_pem(&pem).unwrap();
        assert_eq!(PublicKey::from_pem(&public.to_pem()), Ok(public));
        assert_eq!(key.id(), public.id());
        let (one, other) = (EntryHash::of(b"one"), EntryHash::of(b"other"));
        let signature = key.sign(one);
        assert_eq!(signature.text().len(), TEXT);
        assert_eq!(Signature::read(signature.text().as_bytes()), Some(signature));
        assert!(public.has_signed(one, &signature) && !public.has_signed(other, &signature));
        let (_, stranger) = generate().unwrap();
        assert!(!stranger.has_signed(one, &signature));
    }

    #[test]
    fn a_key_of_rfc_8410_is_read_and_what_is_none_says_so() {
        let private = "-----BEGIN PRIVATE KEY-----\n\
                       MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                       -----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\n\
                      MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
                      -----END PUBLIC KEY-----\n";
        let key = SigningKey::from_pem(&private.to_owned().into()).unwrap();
        assert_eq!(key.id(), PublicKey::from_pem(public).unwrap().id());
        assert_eq!(PublicKey::from_pem(public).unwrap().to_pem(), public);
        for wrong in ["", "no key", public, &private[..60]] {
            assert_eq!(SigningKey::from_pem(&wrong.to_owned().into()).unwrap_err(), KeyError::NoPrivateKey);
        }
        assert_eq!(PublicKey::from_pem(private), Err(KeyError::NoPublicKey));
        assert!(!format!("{key:?}").contains("MC4C"));
    }
}
