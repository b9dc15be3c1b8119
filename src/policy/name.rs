//! Names of tenants and policies, and the id made of both.
//!
//! A name is a DNS label (RFC 1123 §2.1), so that it can stand in a path, a metric label and a log line as it is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::textual::textual;

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing at all.
    #[error("a name can't be empty")]
    Empty,
    /// More than 63 characters.
    #[error("a name has at most 63 characters")]
    TooLong,
    /// Something other than `a`–`z`, `0`–`9` and `-`.
    #[error("a name has only the characters a-z, 0-9 and -, not {0:?}")]
    Character(char),
    /// A hyphen at either end.
    #[error("a name begins and ends with a letter or a digit")]
    Hyphen,
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
    // All bytes at once, whichever it is: a ledger has millions of names, and hardly any of them is none.
    if text.bytes().fold(false, |found, byte| found | !allowed(byte.into())) {
        return Err(NameError::Character(text.chars().find(|c| !allowed(*c)).unwrap_or_default()));
    }
    if text.len() > 63 {
        return Err(NameError::TooLong);
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(NameError::Hyphen);
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
        #[schemars(extend("pattern" = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"))]
        pub struct $name(Arc<str>);

        textual!($name);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text).map(|()| Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a tenant, as the settings give it.
    TenantName
}
name! {
    /// The name of a policy, unique in its tenant.
    PolicyName
}

/// Which policy: *tenant/name*.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PolicyId {
    /// Its tenant.
    pub tenant: TenantName,
    /// Its name there.
    #[serde(rename = "policy")]
    pub name: PolicyName,
}

impl PolicyId {
    /// The id of a policy of a tenant.
    pub fn new(tenant: TenantName, name: PolicyName) -> Self {
        Self { tenant, name }
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.name)
    }
}

/// Why a text is not a policy's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyIdError {
    /// No slash between tenant and name.
    #[error("a policy is named TENANT/NAME")]
    NoSlash,
    /// One of the two is no name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl FromStr for PolicyId {
    type Err = PolicyIdError;

    fn from_str(text: &str) -> Result<Self, PolicyIdError> {
        let (tenant, name) = text.split_once('/').ok_or(PolicyIdError::NoSlash)?;
        Ok(Self::new(tenant.parse()?, name.parse()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels() {
        let long = "a".repeat(64);
        let cases: &[(&str, Result<(), NameError>)] = &[
            ("checkout-chat", Ok(())),
            ("0", Ok(())),
            (&long[..63], Ok(())),
            (&long, Err(NameError::TooLong)),
            ("", Err(NameError::Empty)),
            ("-a", Err(NameError::Hyphen)),
            ("a-", Err(NameError::Hyphen)),
            ("Checkout", Err(NameError::Character('C'))),
            ("a/b", Err(NameError::Character('/'))),
            ("a\nb", Err(NameError::Character('\n'))),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<PolicyName>().map(|_| ()), *expected, "{text:?}");
        }
    }

    #[test]
    fn an_id_reads_as_it_prints() {
        let id: PolicyId = "default/checkout-chat".parse().unwrap();
        assert_eq!(id.to_string(), "default/checkout-chat");
        assert_eq!("checkout-chat".parse::<PolicyId>(), Err(PolicyIdError::NoSlash));
    }
}
