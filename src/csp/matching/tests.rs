//! Every rule of matching, and where it follows Chromium.

use super::*;
use crate::csp::header;

fn matches(page: &str, sources: &str, url: &str, redirected: bool) -> bool {
    let policies = header::policies(&format!("img-src {sources}"), 1);
    let (page, url) = (Url::parse(page).unwrap(), Url::parse(url).unwrap());
    SourceList::read(&policies[0].0[0]).matches(Request { page: &page, url: &url, redirected })
}

const PAGE: &str = "https://site.example/";

#[test]
fn sources_match_the_urls_of_their_scheme_host_port_and_path() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("'none'", &[], &["https://site.example/", "data:,"]),
        ("", &[], &["https://site.example/"]),
        (
            "*",
            &["http://a.example/", "https://a.example:8443/", "ws://a.example/", "wss://a.example/"],
            &["data:,", "blob:https://site.example/1", "ftp://a.example/"],
        ),
        ("https:", &["https://a.example:8443/"], &["http://a.example/", "wss://a.example/"]),
        ("HTTP:", &["https://a.example/", "http://a.example:81/"], &["ws://a.example/"]),
        ("ws:", &["wss://a.example/"], &["https://a.example/"]),
        ("data:", &["data:,"], &["https://data/"]),
        ("https://*", &["https://a.example/"], &["https://a.example:8443/", "http://a.example/"]),
        ("*:*", &["https://a.example:8443/"], &["http://a.example/", "wss://a.example/"]),
        (
            "A.example",
            &["https://a.example/"],
            &["https://b.example/", "http://a.example/", "wss://a.example/"],
        ),
        ("a.example.", &["https://a.example./"], &["https://a.example/"]),
        (
            "*.a.example",
            &["https://b.A.example/", "https://c.b.a.example/"],
            &["https://a.example/", "https://ba.example/"],
        ),
        ("10.0.0.1", &["https://10.0.0.1/"], &["https://10.0.0.2/"]),
        ("a.example:443", &["https://a.example/"], &["https://a.example:8443/"]),
        ("a.example:80", &[], &["https://a.example/"]),
        ("http://a.example:80", &["https://a.example/", "http://a.example/"], &["https://a.example:8443/"]),
        ("http://a.example", &["https://a.example/", "http://a.example/"], &["https://a.example:80/"]),
        ("http://a.example:*", &["https://a.example:8443/"], &[]),
        // Here the document says yes.
        ("http://a.example:8080", &["http://a.example:8080/"], &["https://a.example:8080/"]),
        ("a.example/", &["https://a.example/", "https://a.example/b"], &[]),
        (
            "a.example/b",
            &["https://a.example/b", "https://a.example/b?c#d"],
            &["https://a.example/b/", "https://a.example/bc", "https://a.example/B"],
        ),
        ("a.example/b/", &["https://a.example/b/", "https://a.example/b/c"], &["https://a.example/b"]),
        ("a.example/%62%", &[], &["https://a.example/a"]),
        ("a.example/%62/%c3%a4", &["https://a.example/b/ä"], &["https://a.example/b/%e4"]),
        ("a.example/b%2F", &["https://a.example/b/c"], &["https://a.example/b"]),
        ("a.example/b?c", &["https://a.example/b"], &["https://a.example/"]),
        ("a.example?c", &[], &["https://a.example/"]),
        ("a.example//b{", &["https://a.example//b{"], &["https://a.example/b"]),
    ];
    for (sources, yes, no) in cases {
        for url in *yes {
            assert!(matches(PAGE, sources, url, false), "{sources} should match {url}");
        }
        for url in *no {
            assert!(!matches(PAGE, sources, url, false), "{sources} should not match {url}");
        }
    }
}

#[test]
fn after_a_redirect_paths_do_not_count() {
    assert!(matches(PAGE, "a.example/b", "https://a.example/c", true));
    assert!(!matches(PAGE, "a.example/b", "https://b.example/b", true));
}

#[test]
fn self_is_the_origin_and_its_secure_forms() {
    let cases: &[(&str, &str, bool)] = &[
        (PAGE, "https://site.example/a", true),
        (PAGE, "https://site.example:443/", true),
        (PAGE, "wss://site.example/", true),
        (PAGE, "https://site.example:8443/", false),
        (PAGE, "http://site.example/", false),
        (PAGE, "ws://site.example/", false),
        (PAGE, "https://a.site.example/", false),
        (PAGE, "data:,", false),
        ("http://site.example/", "https://site.example/", true),
        ("http://site.example/", "ws://site.example/", true),
        ("http://site.example:81/", "https://site.example/", false),
        ("https://site.example:8443/", "wss://site.example:8443/", true),
    ];
    for (page, url, expected) in cases {
        assert_eq!(matches(page, "'SELF'", url, false), *expected, "{page} {url}");
    }
}

#[test]
fn a_host_without_scheme_has_that_of_the_page() {
    for (url, expected) in
        [("http://a.example/", true), ("https://a.example/", true), ("ws://a.example/", false)]
    {
        assert_eq!(matches("http://site.example/", "a.example", url, false), expected, "{url}");
    }
}
