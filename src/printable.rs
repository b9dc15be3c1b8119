//! Text from outside as it can be shown: no control characters, nothing that a reader can't see, and not too long.
//!
//! Whatever a file or a tenant says reaches a terminal or a log only through here, so it can neither move the cursor
//! nor turn the reading direction nor begin a line of its own.

/// Whether a character would change how a line is shown, or not show at all: control characters, those that turn the
/// reading direction, line separators, and those without width that join nothing.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A text on one line, hidden characters escaped as Rust escapes them, cut to `max` characters of its own.
pub fn printable(text: &str, max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(max));
    for (index, c) in text.chars().enumerate() {
        if index == max {
            shown.push('…');
            break;
        }
        push(&mut shown, c);
    }
    shown
}

/// A text as it stands in a sentence: between backquotes, on one line, at most 80 characters.
pub fn backquoted(text: &str) -> String {
    format!("`{}`", printable(text, 80))
}

/// The same for a text that may have several lines. Those after the first are indented, so that none of them can pass
/// for a line of somebody else.
pub fn printable_lines(text: &str, max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(max));
    for (index, c) in text.trim_end().chars().enumerate() {
        if index == max {
            shown.push('…');
            break;
        }
        match c {
            '\n' => shown.push_str("\n  "),
            _ => push(&mut shown, c),
        }
    }
    shown
}

/// JSON text, hidden characters escaped as JSON escapes them; the same value as before.
///
/// Outside of strings JSON has no such characters but white space, and line feeds are left alone.
pub fn printable_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

fn push(shown: &mut String, c: char) {
    if is_hidden(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_not_be_seen_is_escaped() {
        let cases = [
            ("https://cdn.example 'self' \"\\", "https://cdn.example 'self' \"\\"),
            ("a\nb\r\t\u{1b}[31m\u{9b}", "a\\nb\\r\\t\\u{1b}[31m\\u{9b}"),
            ("ab\u{202e}cd\u{200b}\u{2028}", "ab\\u{202e}cd\\u{200b}\\u{2028}"),
            ("é界e\u{301}", "é界e\u{301}"),
        ];
        for (text, shown) in cases {
            assert_eq!(printable(text, 100), shown);
        }
        assert_eq!(printable("abcd", 4), "abcd");
        assert_eq!(printable("abcde", 4), "abcd…");
    }

    #[test]
    fn lines_stay_lines_and_are_indented() {
        assert_eq!(printable_lines("a\nINFO b\r\n\u{1b}c\n", 100), "a\n  INFO b\\r\n  \\u{1b}c");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!printable(&text, 50).contains(is_hidden));
            prop_assert!(!printable_lines(&text, 50).replace('\n', "").contains(is_hidden));
        }

        #[test]
        fn json_keeps_its_value(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let shown = printable_json(&json);
            prop_assert!(!shown.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
