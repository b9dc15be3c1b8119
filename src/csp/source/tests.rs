//! Every form of the grammar, every way to miss it, and that both hold for all texts.

use proptest::prelude::*;

use super::*;

#[test]
fn every_form_of_the_grammar_is_read() {
    let host = |scheme, host, port, path| Source::Host(HostSource { scheme, host, port, path });
    let sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let hash = format!("'sha256-{sha256}'");
    let cases: &[(&str, Source<'_>)] = &[
        ("'self'", Source::Keyword(Keyword::SelfOrigin)),
        ("'none'", Source::Keyword(Keyword::None)),
        ("'Strict-Dynamic'", Source::Keyword(Keyword::StrictDynamic)),
        ("'nonce-r4nd0m+/-_=='", Source::Nonce("r4nd0m+/-_==")),
        (&hash, Source::Hash(Hash { algorithm: HashAlgorithm::Sha256, value: sha256 })),
        ("https:", Source::Scheme("https")),
        ("web+chat:", Source::Scheme("web+chat")),
        ("*", host(None, Host::Any, None, "")),
        ("*:*", host(None, Host::Any, Some(Port::Any), "")),
        ("https://*", host(Some("https"), Host::Any, None, "")),
        ("*.example.com", host(None, Host::Below("example.com"), None, "")),
        ("example.com", host(None, Host::Name("example.com"), None, "")),
        ("example.com.", host(None, Host::Name("example.com."), None, "")),
        ("localhost", host(None, Host::Name("localhost"), None, "")),
        ("localhost:8080", host(None, Host::Name("localhost"), Some(Port::Number(8080)), "")),
        ("127.0.0.1", host(None, Host::Name("127.0.0.1"), None, "")),
        ("data:*", host(None, Host::Name("data"), Some(Port::Any), "")),
        (
            "wss://chat.example:443/a/b%20c",
            host(Some("wss"), Host::Name("chat.example"), Some(Port::Number(443)), "/a/b%20c"),
        ),
        ("example.com/", host(None, Host::Name("example.com"), None, "/")),
        ("example.com/a//b", host(None, Host::Name("example.com"), None, "/a//b")),
        ("example.com/http://a", host(None, Host::Name("example.com"), None, "/http://a")),
        ("sha256-cdn", host(None, Host::Name("sha256-cdn"), None, "")),
    ];
    for (text, expected) in cases {
        assert_eq!(Source::parse(text), Ok(*expected), "{text}");
    }
}

#[test]
fn what_is_no_source_says_why() {
    let cases: &[(&str, SourceError)] = &[
        ("", SourceError::Empty),
        ("‘self’", SourceError::NotAscii('‘')),
        ("a\u{7f}", SourceError::NotAscii('\u{7f}')),
        ("example.com;", SourceError::Separator(';')),
        ("example.com,", SourceError::Separator(',')),
        ("'self", SourceError::Quote),
        ("'", SourceError::Quote),
        ("'self''none'", SourceError::Quote),
        ("''", SourceError::Empty),
        ("'*.example.com'", SourceError::QuotedHost),
        ("'https:'", SourceError::QuotedHost),
        ("'url-sha256-abc='", SourceError::Keyword),
        ("'strict-dinamic'", SourceError::Keyword),
        ("'nonce-'", SourceError::Base64),
        ("'nonce-a b'", SourceError::NotAscii(' ')),
        ("'nonce-a==='", SourceError::Base64),
        ("'sha256-a=b'", SourceError::Base64),
        ("sha256-abc=", SourceError::Unquoted),
        ("1a://example.com", SourceError::Scheme),
        ("://example.com", SourceError::Scheme),
        ("https://", SourceError::NoHost),
        ("/path", SourceError::NoHost),
        ("http://exa_mple.com", SourceError::HostCharacter('_')),
        ("self'", SourceError::HostCharacter('\'')),
        ("\"self\"", SourceError::HostCharacter('"')),
        ("user@example.com", SourceError::HostCharacter('@')),
        ("example..com", SourceError::EmptyLabel),
        (".example.com", SourceError::EmptyLabel),
        ("*.", SourceError::EmptyLabel),
        ("example.*", SourceError::Wildcard),
        ("*example.com", SourceError::Wildcard),
        ("*.*.example.com", SourceError::Wildcard),
        ("http://[::1]:80", SourceError::Ipv6),
        ("example.com:/a", SourceError::Port),
        ("example.com:+80", SourceError::Port),
        ("example.com:65536", SourceError::Port),
        ("example.com:8o", SourceError::Port),
        ("example.com/a?b", SourceError::Query),
        ("example.com#a", SourceError::Query),
        ("example.com/a%2", SourceError::PathCharacter('%')),
        ("example.com/{a}", SourceError::PathCharacter('{')),
        ("example.com//a", SourceError::EmptySegment),
    ];
    for (text, expected) in cases {
        assert_eq!(Source::parse(text), Err(*expected), "{text}");
    }
}

#[test]
fn a_hash_tells_its_length() {
    let digest = |bytes: usize| "A".repeat((bytes * 4).div_ceil(3));
    let cases: &[(HashAlgorithm, String, bool)] = &[
        (HashAlgorithm::Sha256, digest(32), true),
        (HashAlgorithm::Sha256, digest(32) + "=", true),
        (HashAlgorithm::Sha256, digest(32) + "==", false),
        (HashAlgorithm::Sha384, digest(48), true),
        (HashAlgorithm::Sha384, digest(48) + "=", false),
        (HashAlgorithm::Sha512, digest(64) + "=", true),
        (HashAlgorithm::Sha512, digest(64) + "==", true),
        (HashAlgorithm::Sha512, digest(32), false),
        (HashAlgorithm::Sha256, "AAAAA".to_owned(), false),
    ];
    for (algorithm, value, expected) in cases {
        assert_eq!(Hash { algorithm: *algorithm, value }.can_match(), *expected, "{algorithm:?} {value}");
    }
}

#[test]
fn what_means_the_same_is_canonically_the_same() {
    let canonical = |text: &str| Source::parse(text).unwrap().canonical();
    let same = [
        ("'SELF'", "'self'"),
        ("HTTPS:", "https:"),
        ("HTTPS://Example.COM:0443/Path", "https://example.com:443/Path"),
        ("'sha256-a-b_'", "'sha256-a+b/'"),
        ("'SHA256-ab=='", "'sha256-ab'"),
    ];
    for (a, b) in same {
        assert_eq!(canonical(a), canonical(b), "{a} {b}");
    }
    for (a, b) in
        [("example.com/a", "example.com/A"), ("'nonce-a'", "'nonce-A'"), ("a.example", "*.a.example")]
    {
        assert_ne!(canonical(a), canonical(b), "{a} {b}");
    }
}

#[test]
fn browsers_read_more_than_the_grammar_has() {
    let read = |text: &'static str| Source::as_browsers_read(text).map(|source| source.to_string());
    let cases: &[(&str, Option<&str>)] = &[
        ("'self'", Some("'self'")),
        ("a.example/b?c#d", Some("a.example/b")),
        ("a.example/b#c", Some("a.example/b")),
        ("a.example/{b}/%", Some("a.example/{b}/%")),
        ("a.example//b", Some("a.example//b")),
        ("'SHA-384-abcd'", Some("'sha384-abcd'")),
        ("a.example?b", None),
        ("a.example:80?b", None),
        ("'sha-384-a:'", None),
        ("'sha-1-abcd'", None),
        ("'self", None),
        ("a_b.example", None),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text).as_deref(), *expected, "{text}");
    }
}

fn valid_source() -> impl Strategy<Value = String> {
    let base64 = "[A-Za-z0-9+/_-]{1,20}={0,2}";
    prop_oneof![
        prop::sample::select(Keyword::ALL).prop_map(|keyword| format!("'{}'", keyword.name())),
        base64.prop_map(|value| format!("'nonce-{value}'")),
        ("sha(256|384|512)", base64).prop_map(|(algorithm, value)| format!("'{algorithm}-{value}'")),
        "[a-zA-Z][a-zA-Z0-9+.-]{0,8}:",
        r"([a-z][a-z0-9+.-]{0,5}://)?(\*|(\*\.)?[a-zA-Z0-9-]{1,8}(\.[a-zA-Z0-9-]{1,8}){0,3}\.?)(:(\*|[1-9][0-9]{0,3}))?(/([a-zA-Z0-9._~!$&'()*+=:@-]|%[0-9a-fA-F]{2}){1,8}(/[a-z]{0,3}){0,2})?",
    ]
}

proptest! {
    #[test]
    fn a_valid_source_prints_as_it_was_written(text in valid_source()) {
        let source = Source::parse(&text);
        prop_assert_eq!(source.map(|source| source.to_string()), Ok(text));
    }

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        if let Ok(source) = Source::parse(&text) {
            let printed = source.to_string();
            prop_assert_eq!(Source::parse(&printed), Ok(source));
            let canonical = source.canonical();
            prop_assert_eq!(Source::parse(&canonical).map(|again| again.canonical()), Ok(canonical.clone()));
        }
    }

    #[test]
    fn text_near_the_grammar_is_read_without_panic(text in r"['*a-z0-9./:%@?#\[\]=+_-]{0,24}") {
        if let Ok(source) = Source::parse(&text) {
            let printed = source.to_string();
            prop_assert_eq!(Source::parse(&printed), Ok(source));
        }
    }
}
