//! Signatures of what a tenant delivers: who may say that something happened there.
//!
//! A pure judge: body, headers and time in, a verdict out. Two schemes, HMAC-SHA256 both: CXone's, hexadecimal over
//! `TIMESTAMP.BODY`, and that of [Standard Webhooks](https://www.standardwebhooks.com), base64 over `ID.TIMESTAMP.BODY`.
//! What was signed well is remembered until its time stamp is too old, so that it is good no second time.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::digest::FileHash;

/// How many good deliveries are remembered at most; where there is no more room nothing is taken.
pub const MAX_REMEMBERED: usize = 10_000;
/// The most signatures that one delivery may carry: Standard Webhooks sends one for each secret.
const MAX_SIGNATURES: usize = 8;
/// What the secrets of Standard Webhooks begin with, before their base64.
const SECRET_PREFIX: &str = "whsec_";

/// How deliveries are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// `sha256=HEX` over `TIMESTAMP.BODY`.
    #[default]
    Cxone,
    /// `v1,BASE64 …` over `ID.TIMESTAMP.BODY`.
    Standard,
}

/// What deliveries have to be like.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How they are signed.
    pub scheme: Scheme,
    /// With which of these; two while one is replaced by another.
    pub secrets: Vec<SecretString>,
    /// How far their time may be from ours, either way.
    pub tolerance: Duration,
    /// Whether one without a time stamp is taken, signed over its body alone. Such a one can be told from its repetition only
    /// for twice the tolerance.
    pub without_timestamp: bool,
}

/// What of a delivery's headers counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signed<'a> {
    /// The signature, or several.
    pub signature: Option<&'a str>,
    /// When it was made, in seconds since 1970.
    pub timestamp: Option<&'a str>,
    /// The delivery's id.
    pub id: Option<&'a str>,
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// It is not signed.
    Unsigned,
    /// By none of the secrets, or it was changed.
    Wrong,
    /// Its time stamp is missing or no number.
    Timeless,
    /// Its time is too far from ours.
    Late,
    /// It was taken before.
    Replayed,
    /// More have come than can be remembered.
    Full,
}

impl Refused {
    /// Its name, as metrics and the ledger have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Wrong => "wrong-signature",
            Self::Timeless => "no-timestamp",
            Self::Late => "late",
            Self::Replayed => "replayed",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsigned => "it is not signed",
            Self::Wrong => "its signature is by none of the secrets",
            Self::Timeless => "it does not say when it was sent",
            Self::Late => "its time is too far from ours",
            Self::Replayed => "it has been delivered before",
            Self::Full => "too many deliveries came at once",
        })
    }
}

/// Judges the deliveries of one tenant.
#[derive(Debug)]
pub struct Judge {
    rules: Rules,
    /// The SHA-256 of what was signed well, and until when it is remembered. Not the signature: of several good ones for one
    /// delivery each would then be good once.
    taken: HashMap<FileHash, Timestamp>,
}

impl Judge {
    /// By these rules.
    pub fn new(rules: Rules) -> Self {
        Self { rules, taken: HashMap::new() }
    }

    /// Whether a delivery is to be taken. One that is, is never taken again.
    ///
    /// # Errors
    /// Says why not. The time is looked at only once the signature is good, so that a stranger learns nothing of our clock.
    pub fn judge(&mut self, now: Timestamp, signed: Signed<'_>, body: &[u8]) -> Result<(), Refused> {
        let delivery = self.verified(signed, body)?;
        let tolerance = SignedDuration::try_from(self.rules.tolerance).unwrap_or(SignedDuration::MAX);
        if let Some(text) = signed.timestamp {
            let seconds = text.parse().map_err(|_| Refused::Timeless)?;
            let sent = Timestamp::from_second(seconds).map_err(|_| Refused::Late)?;
            if now.duration_since(sent).abs() > tolerance {
                return Err(Refused::Late);
            }
        }
        self.taken.retain(|_, until| *until > now);
        if self.taken.contains_key(&delivery) {
            return Err(Refused::Replayed);
        }
        if self.taken.len() >= MAX_REMEMBERED {
            return Err(Refused::Full);
        }
        // From the earliest to the latest moment at which its time stamp is taken.
        let until = now.checked_add(tolerance.saturating_mul(2)).unwrap_or(Timestamp::MAX);
        self.taken.insert(delivery, until);
        Ok(())
    }

    /// What was signed, where one of the signatures is good.
    fn verified(&self, signed: Signed<'_>, body: &[u8]) -> Result<FileHash, Refused> {
        let given = signatures(self.rules.scheme, signed.signature.ok_or(Refused::Unsigned)?);
        let prefix = match (self.rules.scheme, signed.timestamp) {
            (Scheme::Cxone, Some(time)) => format!("{time}."),
            (Scheme::Standard, Some(time)) => format!("{}.{time}.", signed.id.unwrap_or_default()),
            (Scheme::Cxone, None) if self.rules.without_timestamp => String::new(),
            (_, None) => return Err(Refused::Timeless),
        };
        // Every secret and signature is tried, each in constant time.
        let mut good = false;
        for secret in &self.rules.secrets {
            let Some(key) = key(self.rules.scheme, secret) else { continue };
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { continue };
            mac.update(prefix.as_bytes());
            mac.update(body);
            good |= given.iter().filter(|signature| mac.clone().verify_slice(signature).is_ok()).count() > 0;
        }
        let delivery = || FileHash::of(&[prefix.as_bytes(), body].concat());
        if good { Ok(delivery()) } else { Err(Refused::Wrong) }
    }
}

/// What a secret stands for; nothing where it is none of that scheme.
fn key(scheme: Scheme, secret: &SecretString) -> Option<Vec<u8>> {
    let text = secret.expose_secret();
    match (scheme, text.strip_prefix(SECRET_PREFIX)) {
        (Scheme::Standard, Some(text)) => STANDARD.decode(text).ok(),
        _ => Some(text.as_bytes().to_vec()),
    }
}

/// The signatures of a header.
fn signatures(scheme: Scheme, header: &str) -> Vec<Vec<u8>> {
    let one = |text: &str| match scheme {
        Scheme::Cxone => const_hex::decode(text.strip_prefix("sha256=").unwrap_or(text)).ok(),
        Scheme::Standard => STANDARD.decode(text.strip_prefix("v1,")?).ok(),
    };
    header.split_ascii_whitespace().take(MAX_SIGNATURES).filter_map(one).collect()
}

/// The header of a body, as CXone signs it.
pub fn sign(secret: &SecretString, timestamp: i64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    Some(format!("sha256={}", const_hex::encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"event":"SECURITY_POLICY_UPDATED"}"#;
    const NOW: i64 = 1_793_491_200;

    fn rules(secrets: &[&str]) -> Rules {
        Rules {
            scheme: Scheme::Cxone,
            secrets: secrets.iter().map(|secret| SecretString::from(*secret)).collect(),
            tolerance: Duration::from_secs(300),
            without_timestamp: false,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn signed(secret: &str, time: i64, body: &[u8]) -> (String, String) {
        (sign(&SecretString::from(secret), time, body).unwrap(), time.to_string())
    }

    #[test]
    fn what_is_taken_and_what_is_not() {
        let (good, time) = signed("fake-new", NOW, BODY);
        let (old, _) = signed("fake-old", NOW, BODY);
        let (foreign, _) = signed("fake-other", NOW, BODY);
        let (late, long_ago) = signed("fake-new", NOW - 301, BODY);
        let (early, soon) = signed("fake-new", NOW + 301, BODY);
        let upper = good.to_uppercase().replace("SHA256=", "sha256=");
        type Row<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a [u8], Result<(), Refused>);
        let rows: [Row<'_>; 11] = [
            ("good", Some(&good), Some(&time), BODY, Ok(())),
            ("the other secret of a rotation", Some(&old), Some(&time), BODY, Ok(())),
            ("upper case", Some(&upper), Some(&time), BODY, Ok(())),
            ("unsigned", None, Some(&time), BODY, Err(Refused::Unsigned)),
            ("a foreign secret", Some(&foreign), Some(&time), BODY, Err(Refused::Wrong)),
            ("another body", Some(&good), Some(&time), b"{}", Err(Refused::Wrong)),
            ("another time", Some(&good), Some(&soon), BODY, Err(Refused::Wrong)),
            ("no time", Some(&good), None, BODY, Err(Refused::Timeless)),
            ("late", Some(&late), Some(&long_ago), BODY, Err(Refused::Late)),
            ("early", Some(&early), Some(&soon), BODY, Err(Refused::Late)),
            ("junk", Some("sha256=zz"), Some(&time), BODY, Err(Refused::Wrong)),
        ];
        for (name, signature, timestamp, body, expected) in rows {
            let mut judge = Judge::new(rules(&["fake-new", "fake-old"]));
            let signed = Signed { signature, timestamp, id: None };
            assert_eq!(judge.judge(at(NOW), signed, body), expected, "{name}");
        }
    }

    #[test]
    fn nothing_is_taken_twice() {
        let mut judge = Judge::new(rules(&["fake-secret"]));
        let (signature, time) = signed("fake-secret", NOW + 300, BODY);
        let signed = Signed { signature: Some(&signature), timestamp: Some(&time), id: None };
        assert_eq!(judge.judge(at(NOW), signed, BODY), Ok(()));
        for later in [0, 1, 599] {
            assert_eq!(judge.judge(at(NOW + later), signed, BODY), Err(Refused::Replayed), "{later}");
        }
        assert_eq!(judge.judge(at(NOW + 601), signed, BODY), Err(Refused::Late));
        assert!(judge.taken.len() <= 1);
    }

    #[test]
    fn of_two_good_signatures_neither_is_good_again() {
        let mut judge = Judge::new(rules(&["fake-new", "fake-old"]));
        let ((new, time), (old, _)) = (signed("fake-new", NOW, BODY), signed("fake-old", NOW, BODY));
        let both = format!("{new} {old}");
        let mut take = |signature: &str| {
            judge.judge(
                at(NOW),
                Signed { signature: Some(signature), timestamp: Some(&time), id: None },
                BODY,
            )
        };
        assert_eq!(take(&both), Ok(()));
        for one in [&new, &old, &both] {
            assert_eq!(take(one), Err(Refused::Replayed));
        }
    }

    #[test]
    fn where_no_more_can_be_remembered_nothing_is_taken() {
        let mut judge = Judge::new(rules(&["fake-secret"]));
        let mut take = |number: usize| {
            let body = number.to_string();
            let (signature, time) = signed("fake-secret", NOW, body.as_bytes());
            let signed = Signed { signature: Some(&signature), timestamp: Some(&time), id: None };
            judge.judge(at(NOW), signed, body.as_bytes())
        };
        assert!((0..MAX_REMEMBERED).all(|number| take(number) == Ok(())));
        assert_eq!(take(MAX_REMEMBERED), Err(Refused::Full));
    }

    /// The example of the specification's reference libraries.
    #[test]
    fn standard_webhooks_are_read_as_their_specification_says() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let mut judge = Judge::new(Rules { scheme: Scheme::Standard, ..rules(&[secret]) });
        let signed = Signed {
            signature: Some("v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            timestamp: Some("1614265330"),
            id: Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
        };
        assert_eq!(judge.judge(at(1_614_265_330), signed, body), Ok(()));
        assert_eq!(
            judge.judge(at(1_614_265_330), Signed { id: Some("msg_2"), ..signed }, body),
            Err(Refused::Wrong)
        );
    }

    #[test]
    fn without_a_time_only_where_that_is_let_through() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"fake-secret").unwrap();
        mac.update(BODY);
        let signature = format!("sha256={}", const_hex::encode(mac.finalize().into_bytes()));
        let signed = Signed { signature: Some(&signature), ..Signed::default() };
        let mut judge = Judge::new(rules(&["fake-secret"]));
        assert_eq!(judge.judge(at(NOW), signed, BODY), Err(Refused::Timeless));
        let mut judge = Judge::new(Rules { without_timestamp: true, ..rules(&["fake-secret"]) });
        assert_eq!(judge.judge(at(NOW), signed, BODY), Ok(()));
        assert_eq!(judge.judge(at(NOW), signed, BODY), Err(Refused::Replayed));
    }
}
