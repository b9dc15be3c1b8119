//! The policies that a page has in `<meta http-equiv=content-security-policy>`, as far as browsers take notice of them.
//!
//! Only those in `<head>` count (HTML Standard, §4.2.5.3). Where the head ends is told by the first tag or text that can't
//! be in one, as the tree builder of browsers has it (§13.2.6.4.4). What is in a script, a comment or a template is
//! none.

use html5gum::{DefaultEmitter, Token, Tokenizer};

/// Tags that leave a page in its head.
const IN_HEAD: [&[u8]; 11] = [
    b"html",
    b"head",
    b"base",
    b"basefont",
    b"bgsound",
    b"link",
    b"meta",
    b"noframes",
    b"script",
    b"style",
    b"title",
];

/// The values of `content`, in their order.
pub fn policies(html: &[u8]) -> Vec<String> {
    let mut emitter = DefaultEmitter::default();
    // Scripts and titles hold text, whatever it looks like.
    emitter.naively_switch_states(true);
    let mut found = Vec::new();
    let (mut templates, mut text) = (0_usize, false);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Token::StartTag(tag) if *tag.name == b"template" => templates += 1,
            Token::EndTag(tag) if *tag.name == b"template" => templates = templates.saturating_sub(1),
            _ if templates > 0 => {}
            Token::StartTag(tag) => {
                text = matches!(&**tag.name, b"script" | b"style" | b"title" | b"noscript" | b"noframes");
                if !text && !IN_HEAD.contains(&&**tag.name) {
                    break;
                }
                let attribute = |name: &[u8]| tag.attributes.get(name).map(|value| &**value.value);
                let is_policy = |value: &[u8]| value.eq_ignore_ascii_case(b"content-security-policy");
                if *tag.name == b"meta" && attribute(b"http-equiv").is_some_and(is_policy) {
                    let content = attribute(b"content").filter(|content| !content.is_empty());
                    found.extend(content.map(|content| String::from_utf8_lossy(content).into_owned()));
                }
            }
            Token::EndTag(tag) if matches!(&**tag.name, b"head" | b"body" | b"html" | b"br") => break,
            Token::EndTag(_) => text = false,
            Token::String(string) if !text && !string.trim_ascii().is_empty() => break,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_the_head_counts() {
        let meta = r#"<meta http-equiv="Content-Security-Policy" content="img-src 'self'">"#;
        let rows: &[(&str, usize)] = &[
            ("META", 1),
            ("<!doctype html><html><head><title>a <b> META</title>META</head>META", 1),
            ("<head>META<script>'META'</script>META<body>META", 2),
            ("<head><!-- META --><style>META</style><noscript>META</noscript>", 0),
            ("<head><template>META<template>META</template>META</template>META", 1),
            ("<head><link rel=x><base href=/>META", 1),
            ("hello META", 0),
            ("<p>META", 0),
            ("<body>META", 0),
            ("<head></head>META", 0),
            ("<head><meta http-equiv=Content-Security-Policy-Report-Only content=x>", 0),
            ("<head><meta name=content-security-policy content=x>", 0),
            ("<head><Meta HTTP-EQUIV=content-security-policy CONTENT=x>", 1),
            ("<head><meta http-equiv=content-security-policy>", 0),
            ("", 0),
        ];
        for (html, expected) in rows {
            let html = html.replace("META", meta);
            assert_eq!(policies(html.as_bytes()).len(), *expected, "{html}");
        }
        assert_eq!(policies(meta.as_bytes()), ["img-src 'self'"]);
        let escaped = r#"<meta content="img-src &#39;self&#39;" http-equiv=content-security-policy>"#;
        assert_eq!(policies(escaped.as_bytes()), ["img-src 'self'"], "character references are read");
    }
}
