//! Texts as they stand in a URL, and paths below a tenant's base URL. Pure.

use url::{Url, form_urlencoded};

/// A value in the encoding of `application/x-www-form-urlencoded`.
pub(super) fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// An id as one segment of a path. Not every text can be one: `..` would name the path above, however it is written.
pub(super) fn segment(id: &str) -> Option<String> {
    match id {
        "" | "." | ".." => None,
        _ => Some(form_encoded(id).replace('+', "%20")),
    }
}

/// A path below a base URL. What the base has as a path stays in front.
pub(super) fn below(base: &Url, path: &str) -> Option<Url> {
    let prefix = base.as_str().split(['?', '#']).next()?.trim_end_matches('/');
    let url = Url::parse(&format!("{prefix}{path}")).ok()?;
    (url.origin() == base.origin()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_segment_or_none() {
        let rows = [
            ("a-1", Some("a-1")),
            ("a b+c/..", Some("a%20b%2Bc%2F..")),
            ("", None),
            (".", None),
            ("..", None),
        ];
        for (id, expected) in rows {
            assert_eq!(segment(id).as_deref(), expected, "{id}");
        }
        assert_eq!(form_encoded("a:b c%/ü"), "a%3Ab+c%25%2F%C3%BC");
    }

    #[test]
    fn paths_keep_the_prefix_of_their_base() {
        let rows = [
            ("https://a.example", "/p", "https://a.example/p"),
            ("http://127.0.0.1:8080/tenants/x/", "/p/q?a=b", "http://127.0.0.1:8080/tenants/x/p/q?a=b"),
            ("https://a.example/x?y#z", "/p", "https://a.example/x/p"),
            ("https://a.example", "/@evil.example/", "https://a.example/@evil.example/"),
        ];
        for (base, path, expected) in rows {
            assert_eq!(below(&base.parse().unwrap(), path).unwrap().as_str(), expected);
        }
    }
}
