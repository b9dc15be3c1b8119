//! Sources against each other, and against what [`crate::csp::matching`] says of URLs.

use proptest::prelude::*;
use url::Url;

use super::*;
use crate::csp::header;
use crate::csp::list::SourceList;
use crate::csp::matching::Request;

fn covered_where(narrow: &str, wide: &str, asked: Asked) -> bool {
    let wide: Vec<Source<'_>> = wide.split_whitespace().map(|text| Source::parse(text).unwrap()).collect();
    Source::parse(narrow).unwrap().is_covered_by(&wide, asked)
}

fn covered(narrow: &str, wide: &str) -> bool {
    covered_where(narrow, wide, Asked::Connections)
}

#[test]
fn a_wider_source_covers_a_narrower_one_and_never_the_other_way_round() {
    let rows = [
        ("https://a.example", "https:"),
        ("https://a.example", "*"),
        ("https://a.example", "http://a.example"),
        ("https://a.example", "*.example"),
        ("https://a.example", "https://a.example:*"),
        ("https://a.example/b", "a.example"),
        ("https://a.example/b/c", "https://a.example/b/"),
        ("https://a.example:8443", "https://a.example:*"),
        ("https://*.b.example", "https://*.example"),
        ("http://a.example:8080", "http://*:8080"),
        ("'self'", "*"),
        ("'self'", "https: wss:"),
        ("https:", "http:"),
        ("https:", "*"),
        ("wss:", "ws:"),
        ("wss://a.example", "*"),
        ("*", "* data:"),
        ("https://a.example:443", "http://a.example:80"),
    ];
    for (narrow, wide) in rows {
        assert!(covered(narrow, wide), "{wide} covers {narrow}");
        let back = wide.split_whitespace().all(|wide| covered(wide, narrow));
        assert!(!back, "{narrow} does not cover {wide}");
    }
}

#[test]
fn other_spellings_cover_each_other() {
    let rows = [
        ("https://A.example", "HTTPS://a.EXAMPLE"),
        ("https://a.example", "https://a.example:443"),
        ("a.example", "https://a.example/"),
        ("https:", "https://*:*"),
        ("'self'", "'SELF'"),
        ("'sha256-AbC_'", "'sha256-AbC/'"),
        ("'nonce-a'", "'nonce-a'"),
    ];
    for (one, other) in rows {
        assert!(covered(one, other) && covered(other, one), "{one} {other}");
    }
}

#[test]
fn what_differs_covers_nothing() {
    let rows = [
        ("'self'", "https://a.example"),
        ("https://a.example", "'self'"),
        ("a.example", "b.example"),
        ("*.a.example", "a.example"),
        ("a.example", "*.a.example"),
        ("evil-a.example", "*.a.example"),
        ("https://a.example:8443", "https://a.example"),
        ("https://a.example", "https://a.example:8443"),
        ("https://a.example/b", "https://a.example/c/"),
        ("https://a.example/bc", "https://a.example/b"),
        ("data:", "*"),
        ("*", "data:"),
        ("http://a.example", "https://a.example"),
        ("https://a.example:80", "https://a.example"),
        ("wss://a.example", "https:"),
        ("'nonce-a'", "'nonce-A' *"),
        ("'unsafe-inline'", "*"),
    ];
    for (narrow, wide) in rows {
        assert!(!covered(narrow, wide), "{wide} does not cover {narrow}");
    }
}

#[test]
fn web_sockets_count_only_for_connections() {
    let rows = [("'self'", "https:"), ("'self'", "https://*"), ("*", "http:"), ("wss:", "'none'")];
    for (narrow, wide) in rows {
        assert!(covered_where(narrow, wide, Asked::Loads), "{narrow} {wide}");
        assert!(!covered_where(narrow, wide, Asked::Connections), "{narrow} {wide}");
    }
}

#[test]
fn several_sources_cover_together_what_none_does_alone() {
    assert!(covered("*", "http: ws:"));
    assert!(!covered("*", "http: wss:"));
}

const SCHEMES: [&str; 6] = ["http", "https", "ws", "wss", "data", "custom"];
const HOSTS: [&str; 5] = ["site.example", "a.example", "b.a.example", "c.b.a.example", "example"];
const PORTS: [&str; 5] = ["", ":80", ":443", ":8443", ":8080"];
const PATHS: [&str; 6] = ["", "/", "/a", "/a/", "/a/b", "/ab"];

fn source() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![
        Just(String::new()),
        proptest::sample::select(&SCHEMES[..]).prop_map(|s| format!("{s}://"))
    ];
    let host = prop_oneof![
        Just("*".to_owned()),
        proptest::sample::select(&HOSTS[..]).prop_map(str::to_owned),
        proptest::sample::select(&HOSTS[..]).prop_map(|host| format!("*.{host}")),
    ];
    let port = prop_oneof![Just(":*"), proptest::sample::select(&PORTS[..])];
    let host = (scheme, host, port, proptest::sample::select(&PATHS[..]))
        .prop_map(|(scheme, host, port, path)| format!("{scheme}{host}{port}{path}"));
    let whole = prop_oneof![
        Just("'self'".to_owned()),
        Just("*".to_owned()),
        proptest::sample::select(&SCHEMES[..]).prop_map(|scheme| format!("{scheme}:")),
    ];
    prop_oneof![3 => host, 1 => whole]
}

fn url() -> impl Strategy<Value = Url> {
    let part = |all: &'static [&'static str]| proptest::sample::select(all);
    (part(&SCHEMES), part(&HOSTS), part(&PORTS), part(&PATHS))
        .prop_map(|(scheme, host, port, path)| Url::parse(&format!("{scheme}://{host}{port}{path}")).unwrap())
}

fn matches(source: &str, url: &Url) -> bool {
    let page = Url::parse("https://site.example/").unwrap();
    let policies = header::policies(&format!("img-src {source}"), 1);
    let list = SourceList::read(&policies[0].0[0]);
    list.matches(Request { page: &page, url, redirected: false })
}

proptest! {
    #[test]
    fn a_covered_source_matches_nothing_that_the_others_do_not(
        narrow in source(),
        wide in source(),
        urls in proptest::collection::vec(url(), 32),
    ) {
        for asked in [Asked::Connections, Asked::Loads] {
            let sees = |url: &&Url| asked == Asked::Connections || !is_socket(url.scheme());
            if covered_where(&narrow, &wide, asked) {
                for url in urls.iter().filter(sees) {
                    prop_assert!(!matches(&narrow, url) || matches(&wide, url), "{wide} covers {narrow}: {url}");
                }
            }
        }
    }
}
