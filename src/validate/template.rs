//! Pieces of templates and of code that get into a policy when it is put together by a program.

/// What no source, nonce or name has and templates are full of.
const MARKS: &[&str] = &["{{", "}}", "${", "#{", "%{", "$(", "<%", "%>", "<?", "?>", "[object", "object]"];

/// What programs print where a value is missing.
const NOTHINGS: &[&str] = &["undefined", "null", "nan", "nil", "true", "false", "object"];

/// Whether a word is, or has in it, something that a program should have replaced.
pub(super) fn is_template(word: &str) -> bool {
    let word = word.trim_matches(['\'', '"']);
    let core = core(word);
    NOTHINGS.iter().any(|nothing| nothing.eq_ignore_ascii_case(word))
        || NOTHINGS[..4].iter().any(|nothing| nothing.eq_ignore_ascii_case(core))
        || has_marks(word)
        || is_placeholder(core)
}

/// The part that a program would put in: what follows `nonce-`, the algorithm of a hash, or the scheme.
fn core(word: &str) -> &str {
    let after_scheme = word.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//"));
    let after = after_scheme.or_else(|| value(word)).unwrap_or(word);
    after.split(['/', ':']).next().unwrap_or(after)
}

/// The value of a nonce or hash.
fn value(word: &str) -> Option<&str> {
    let (head, value) = word.split_once('-')?;
    let known = ["nonce", "sha256", "sha384", "sha512"];
    known.iter().any(|known| known.eq_ignore_ascii_case(head)).then_some(value)
}

fn has_marks(word: &str) -> bool {
    if !word.bytes().any(|b| matches!(b, b'{' | b'}' | b'$' | b'<' | b'>' | b'[' | b']' | b'%' | b'#')) {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    MARKS.iter().any(|mark| lower.contains(mark))
        || word == "%s"
        || word == "%d"
        || matches!((word.find('{'), word.rfind('}')), (Some(open), Some(close)) if open < close)
        || matches!((word.find('<'), word.rfind('>')), (Some(open), Some(close)) if open < close)
}

/// `$nonce`, `%NONCE%`, `__NONCE__`, `@nonce`.
fn is_placeholder(core: &str) -> bool {
    let between = |mark: &str| core.len() > 2 * mark.len() && core.starts_with(mark) && core.ends_with(mark);
    let named = |mark: char| {
        core.strip_prefix(mark).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    between("__") || between("%") || between("@@") || named('$') || named('@') || core == "%s" || core == "%d"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_left_is_seen() {
        let left = [
            "undefined",
            "NULL",
            "NaN",
            "[object",
            "Object]",
            "'nonce-{{nonce}}'",
            "'nonce-${nonce}'",
            "'nonce-<%=",
            "'nonce-undefined'",
            "'nonce-$nonce'",
            "'nonce-%NONCE%'",
            "'nonce-__NONCE__'",
            "'nonce-%s'",
            "%s",
            "{cdn}",
            "https://undefined/",
            "https://{host}/",
            "https://$host",
            "<nonce>",
        ];
        for word in left {
            assert!(is_template(word), "{word}");
        }
    }

    #[test]
    fn what_may_be_meant_is_left_alone() {
        let meant = [
            "'self'",
            "https://cdn.example/a%20b",
            "https://null.example",
            "https://cdn.example/$a/~b",
            "https://cdn.example/@scope/x",
            "true.example",
            "objects",
            "'nonce-abc'",
            "my_host",
        ];
        for word in meant {
            assert!(!is_template(word), "{word}");
        }
    }
}
