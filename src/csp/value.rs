//! Values that are no source lists: sandbox tokens, reporting endpoints, Trusted Types and the like.
//!
//! One function says for a grammar and one token what is wrong with it. What it takes for an error no browser
//! reads either.

use url::Url;

use super::directive::Grammar;

/// The sandbox tokens of HTML, and two that browsers have beside them.
pub const SANDBOX_TOKENS: &[&str] = &[
    "allow-downloads",
    "allow-forms",
    "allow-modals",
    "allow-orientation-lock",
    "allow-pointer-lock",
    "allow-popups",
    "allow-popups-to-escape-sandbox",
    "allow-presentation",
    "allow-same-origin",
    "allow-scripts",
    "allow-storage-access-by-user-activation",
    "allow-top-navigation",
    "allow-top-navigation-by-user-activation",
    "allow-top-navigation-to-custom-protocols",
];

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// For `report-to`.
    #[error("the name of a reporting endpoint has letters, digits and the marks !#$%&'*+-.^_`|~ only")]
    EndpointName,
    /// For `report-uri`.
    #[error("not a URL, and not a path on the page's own site")]
    UriReference,
    /// For `trusted-types`.
    #[error("neither the name of a Trusted Types policy, *, 'allow-duplicates' nor 'none'")]
    TrustedTypesPolicy,
    /// For `require-trusted-types-for`.
    #[error("the only group of sinks is 'script'")]
    SinkGroup,
    /// For `webrtc`.
    #[error("either 'allow' or 'block'")]
    WebRtc,
    /// For `plugin-types`.
    #[error("not a media type such as application/pdf")]
    MediaType,
}

/// What is wrong with one token of a value. Sources are not read here: see [`super::Source::parse`]; unknown
/// sandbox tokens are no error, since a browser only ignores them.
///
/// # Errors
/// Where the grammar has no such token.
pub fn check(grammar: Grammar, token: &str) -> Result<(), ValueError> {
    let (good, error) = match grammar {
        Grammar::ReportToToken => (is_token(token), ValueError::EndpointName),
        Grammar::UriReferences => (is_uri_reference(token), ValueError::UriReference),
        Grammar::TrustedTypes => (is_trusted_types(token), ValueError::TrustedTypesPolicy),
        Grammar::SinkGroups => (token == "'script'", ValueError::SinkGroup),
        Grammar::WebRtc => {
            let known = ["'allow'", "'block'"];
            (known.iter().any(|word| word.eq_ignore_ascii_case(token)), ValueError::WebRtc)
        }
        Grammar::MediaTypes => (is_media_type(token), ValueError::MediaType),
        Grammar::SourceList
        | Grammar::AncestorSourceList
        | Grammar::SandboxTokens
        | Grammar::Unchecked
        | Grammar::NoValue => return Ok(()),
    };
    if good { Ok(()) } else { Err(error) }
}

/// Whether a value of that grammar is one token and no more.
pub const fn takes_one(grammar: Grammar) -> bool {
    matches!(grammar, Grammar::ReportToToken | Grammar::WebRtc)
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_uri_reference(text: &str) -> bool {
    match Url::parse(text) {
        Ok(_) => true,
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            // A relative reference is read against the page's URL; any base that can have paths tells.
            Url::parse("https://page.example/").is_ok_and(|page| page.join(text).is_ok())
        }
        Err(_) => false,
    }
}

/// Trusted Types §4.3.2, `tt-expression`.
fn is_trusted_types(text: &str) -> bool {
    ["*", "'allow-duplicates'", "'none'"].iter().any(|word| word.eq_ignore_ascii_case(text))
        || (!text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-#=_/@.%".contains(&b)))
}

fn is_media_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_their_grammar() {
        let cases: &[(Grammar, &str, Result<(), ValueError>)] = &[
            (Grammar::ReportToToken, "csp-endpoint", Ok(())),
            (Grammar::ReportToToken, "https://reports.example/", Err(ValueError::EndpointName)),
            (Grammar::UriReferences, "/csp", Ok(())),
            (Grammar::UriReferences, "csp?a=b", Ok(())),
            (Grammar::UriReferences, "https://reports.example/csp", Ok(())),
            (Grammar::UriReferences, "https://", Err(ValueError::UriReference)),
            (Grammar::TrustedTypes, "dompurify", Ok(())),
            (Grammar::TrustedTypes, "*", Ok(())),
            (Grammar::TrustedTypes, "'allow-duplicates'", Ok(())),
            (Grammar::TrustedTypes, "'self'", Err(ValueError::TrustedTypesPolicy)),
            (Grammar::SinkGroups, "'script'", Ok(())),
            (Grammar::SinkGroups, "'SCRIPT'", Err(ValueError::SinkGroup)),
            (Grammar::SinkGroups, "script", Err(ValueError::SinkGroup)),
            (Grammar::WebRtc, "'block'", Ok(())),
            (Grammar::WebRtc, "block", Err(ValueError::WebRtc)),
            (Grammar::MediaTypes, "application/pdf", Ok(())),
            (Grammar::MediaTypes, "pdf", Err(ValueError::MediaType)),
            (Grammar::SandboxTokens, "allow-anything", Ok(())),
            (Grammar::NoValue, "anything", Ok(())),
        ];
        for (grammar, token, expected) in cases {
            assert_eq!(check(*grammar, token), *expected, "{grammar:?} {token}");
        }
    }
}
