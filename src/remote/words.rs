//! A tenant's own words for people: found in the shapes that error bodies have, without our secrets, bounded.
//!
//! What comes out can stand in a terminal, a log line and the ledger as it is: control characters are escaped, at most
//! [`MAX_CHARS`] characters are left, and no secret of ours is in it, however the tenant echoes it.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::address::form_encoded;
use crate::outcome::{Answer, Reply};

/// The most characters of a tenant that are shown.
pub(super) const MAX_CHARS: usize = 500;

const REDACTED: &str = "[redacted]";
/// Schemes whose credentials are masked whatever they are.
const SCHEMES: [&str; 2] = ["bearer ", "basic "];
/// Words such as "Bearer authentication" are shorter than any credentials.
const SHORTEST_CREDENTIALS: usize = 16;
/// Errors of a list that are shown.
const MAX_ERRORS: usize = 10;

/// What must never be shown.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.expose_secret().is_empty()).collect())
    }

    /// These and one more, such as the token of a request.
    pub fn and(&self, secret: &SecretString) -> Self {
        Self::new(self.0.iter().chain([secret]).cloned())
    }

    /// A text that is fit to be shown.
    pub fn shown(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            for form in forms(secret.expose_secret()) {
                text = text.replace(&form, REDACTED);
            }
        }
        bounded(&without_credentials(text))
    }

    /// What a reply that is no success says.
    pub fn of_reply(&self, reply: &Reply) -> String {
        match reply {
            Reply::NotSent(why) => self.shown(&format!("can't be reached: {why}")),
            Reply::Lost(why) => self.shown(&format!("no answer: {why}")),
            Reply::Unreadable { status, why } => self.shown(&format!("HTTP {status}, and {why}")),
            Reply::Answered(Answer { status: status @ 300..400, .. }) => {
                format!("HTTP {status}: redirects are not followed")
            }
            Reply::Answered(Answer { status, body, .. }) => match self.words(body) {
                words if words.is_empty() => format!("HTTP {status}"),
                words => format!("HTTP {status}: {words}"),
            },
        }
    }

    /// What an error body says.
    fn words(&self, body: &[u8]) -> String {
        let told = serde_json::from_slice::<Value>(body).ok().and_then(|body| told(&body));
        match told {
            Some(text) => self.shown(&text),
            None => self.shown(String::from_utf8_lossy(body).trim()),
        }
    }
}

/// A secret as it is, and as forms, URLs and JSON write it.
fn forms(secret: &str) -> [String; 4] {
    let encoded = form_encoded(secret);
    let json = Value::from(secret).to_string();
    [secret.to_owned(), encoded.replace('+', "%20"), encoded, json.trim_matches('"').to_owned()]
}

/// The words in one of the known shapes.
fn told(body: &Value) -> Option<String> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let mut parts: Vec<String> = Vec::new();
    // RFC 9457; RFC 6749 and the tenant's own spelling of it; a plain message.
    for names in [["title", "detail"], ["error", "error_description"], ["error", "errorDescription"]] {
        if let [Some(what), why] = names.map(text) {
            parts = [Some(what), why].into_iter().flatten().map(str::to_owned).collect();
            if why.is_some() {
                break;
            }
        }
    }
    if parts.is_empty() {
        let nested = body.get("error").and_then(|error| error.get("message")).and_then(Value::as_str);
        let single = ["message", "detail", "errorMessage", "errorDescription", "error_description"];
        parts.extend(single.iter().find_map(|name| text(name)).or(nested).map(str::to_owned));
    }
    if let Some(errors) = body.get("errors").map(listed).filter(|errors| !errors.is_empty()) {
        parts.push(errors.join("; "));
    }
    (!parts.is_empty()).then(|| parts.join(": "))
}

/// `[{field, message}]`, `[{pointer, detail}]`, `["…"]` or `{field: ["…"]}`.
fn listed(errors: &Value) -> Vec<String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let named = |name: &str, value: &Value| match value {
        Value::Array(values) => {
            format!("{name}: {}", values.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
        value => format!("{name}: {}", plain(value)),
    };
    let one = |error: &Value| {
        let first = |names: &[&str]| names.iter().find_map(|name| error.get(name)).map(plain);
        match (first(&["field", "pointer", "path"]), first(&["message", "detail", "title"])) {
            (Some(field), Some(message)) => format!("{field}: {message}"),
            (None, Some(message)) => message,
            _ => plain(error),
        }
    };
    match errors {
        Value::Array(errors) => errors.iter().take(MAX_ERRORS).map(one).collect(),
        Value::Object(fields) => {
            fields.iter().take(MAX_ERRORS).map(|(name, value)| named(name, value)).collect()
        }
        _ => Vec::new(),
    }
}

/// Masks what follows `Bearer` or `Basic`, so that an echoed header gives nothing away in any encoding.
fn without_credentials(mut text: String) -> String {
    for scheme in SCHEMES {
        let mut from = 0;
        // Lower-casing ASCII keeps every byte in its place.
        while let Some(at) = text.to_ascii_lowercase().get(from..).and_then(|rest| rest.find(scheme)) {
            let start = from + at + scheme.len();
            let length = text[start..]
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte))
                .count();
            if length >= SHORTEST_CREDENTIALS {
                text.replace_range(start..start + length, REDACTED);
            }
            from = start;
        }
    }
    text
}

/// On one line, control characters escaped, at most [`MAX_CHARS`] characters.
fn bounded(text: &str) -> String {
    let mut shown = String::new();
    let mut left = MAX_CHARS;
    for character in text.chars() {
        let hidden = character.is_control() || is_invisible(character);
        let piece = if hidden { character.escape_default().to_string() } else { character.to_string() };
        let length = piece.chars().count();
        if length >= left {
            shown.push('…');
            break;
        }
        left -= length;
        shown.push_str(&piece);
    }
    shown
}

/// Characters that turn or hide the text around them on a terminal.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secrets() -> Secrets {
        Secrets::new(["s3cret/+".to_owned().into(), String::new().into()])
    }

    #[test]
    fn every_shape_is_read() {
        let rows = [
            (
                r#"{"title": "Invalid", "detail": "script-src is empty", "status": 400}"#,
                "Invalid: script-src is empty",
            ),
            (
                r##"{"title": "Invalid", "errors": [{"detail": "empty", "pointer": "#/a"}]}"##,
                "Invalid: #/a: empty",
            ),
            (
                r#"{"error": "invalid_client", "error_description": "no such client"}"#,
                "invalid_client: no such client",
            ),
            (r#"{"error": "invalid_scope", "errorDescription": "not yours"}"#, "invalid_scope: not yours"),
            (r#"{"error": "invalid_scope"}"#, "invalid_scope"),
            (r#"{"error": {"code": 7, "message": "no"}}"#, "no"),
            (r#"{"message": "Forbidden", "requestId": "1"}"#, "Forbidden"),
            (r#"{"errors": [{"field": "a", "message": "x"}, {"field": "b", "message": "y"}]}"#, "a: x; b: y"),
            (r#"{"errors": {"a": ["x", "y"]}}"#, "a: x, y"),
            (r#"{"message": "bad", "errors": ["one", "two"]}"#, "bad: one; two"),
            (r#"{"other": 1}"#, r#"{"other": 1}"#),
            ("  <html>no</html>\n", "<html>no</html>"),
            ("", ""),
        ];
        for (body, expected) in rows {
            assert_eq!(secrets().words(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn no_secret_is_shown_however_it_is_echoed() {
        let secrets = secrets().and(&"tok-en".to_owned().into());
        let rows = [
            ("no s3cret/+ here", "no [redacted] here"),
            ("client_secret=s3cret%2F%2B&scope=a", "client_secret=[redacted]&scope=a"),
            ("Authorization: Bearer tok-en", "Authorization: Bearer [redacted]"),
            ("authorization: basic aWQ6aHVzaGh1c2hodXNo!", "authorization: basic [redacted]!"),
            ("Bearer authentication needed", "Bearer authentication needed"),
        ];
        for (text, expected) in rows {
            assert_eq!(secrets.shown(text), expected);
            assert_eq!(secrets.words(text.as_bytes()), expected);
        }
        let quoted = Secrets::new(["a\"b\\c".to_owned().into()]);
        assert_eq!(quoted.words(br#"{"got": "a\"b\\c"}"#), r#"{"got": "[redacted]"}"#);
        // A secret that the cut would go through is gone before the cut.
        let long = format!("{}s3cret/+", "x".repeat(MAX_CHARS - 4));
        assert!(!secrets.shown(&long).contains("s3"));
    }

    #[test]
    fn a_reply_is_told_with_its_status() {
        let answered = |status, body: &str| {
            Reply::Answered(Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() })
        };
        let rows = [
            (answered(400, r#"{"message": "no"}"#), "HTTP 400: no"),
            (answered(503, ""), "HTTP 503"),
            (answered(302, "<html>"), "HTTP 302: redirects are not followed"),
            (Reply::NotSent("refused".into()), "can't be reached: refused"),
            (Reply::Lost("timed out".into()), "no answer: timed out"),
            (
                Reply::Unreadable { status: 202, why: "its body is over 1 MiB".into() },
                "HTTP 202, and its body is over 1 MiB",
            ),
        ];
        for (reply, expected) in rows {
            assert_eq!(secrets().of_reply(&reply), expected);
        }
    }

    #[test]
    fn what_is_shown_is_bounded_and_plain() {
        assert_eq!(secrets().shown("a\u{1b}[31m\nb\u{202e}"), "a\\u{1b}[31m\\nb\\u{202e}");
        assert_eq!(secrets().shown(&"é".repeat(10_000)).chars().count(), MAX_CHARS);
        assert_eq!(secrets().words(&[0xff, b'a']), "\u{fffd}a");
    }

    proptest! {
        #[test]
        fn whatever_is_told_is_fit_to_be_shown(before in ".{0,600}", after in ".{0,600}", body in any::<Vec<u8>>()) {
            let secrets = secrets();
            for shown in [secrets.shown(&format!("{before}s3cret/+{after}")), secrets.words(&body)] {
                prop_assert!(shown.chars().count() <= MAX_CHARS);
                prop_assert!(!shown.chars().any(char::is_control));
                prop_assert!(!shown.contains("s3cret/+"));
            }
        }
    }
}
