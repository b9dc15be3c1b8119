//! "Did you mean": the known word nearest to one that is not known.

/// Words longer than this have no near word: the tables' longest are well below.
const MAX_LENGTH: usize = 64;

/// The candidate nearest to a word, if it is near enough for a slip of the fingers. Case, hyphens and underscores are no
/// distance at all.
pub fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > MAX_LENGTH {
        return None;
    }
    let plain = |word: &str| word.to_ascii_lowercase().replace(['_', '-'], "");
    let word = plain(word);
    // A third of the letters may differ: "script" is no slip for "sandbox", "strict-dinamic" is one.
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&word, &plain(candidate), limit)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How far two words are from each other, where that is no more than a limit.
fn distance(one: &str, other: &str, limit: usize) -> Option<usize> {
    // Each letter more is one step at least, and counting letters costs little.
    let near = one.chars().count().abs_diff(other.chars().count()) <= limit;
    near.then(|| strsim::damerau_levenshtein(one, other)).filter(|distance| *distance <= limit)
}

/// The only candidate that is one slip away, in any case of letters: near enough to be put in without asking.
pub fn certain<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > MAX_LENGTH {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let is_near = |candidate: &&str| distance(&word, &candidate.to_ascii_lowercase(), 1).is_some();
    let mut near = candidates.into_iter().filter(is_near);
    near.next().filter(|_| near.next().is_none())
}

/// `did you mean …?`, or what to do where nothing is near.
pub fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    closest(word, candidates).map_or_else(otherwise, |near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_from_one_word_is_certain() {
        let words = ["script-src", "style-src", "self", "img-src", "ing-src"];
        let cases = [
            ("scirpt-src", Some("script-src")),
            ("slef", Some("self")),
            ("SELF", Some("self")),
            ("sel", Some("self")),
            ("se", None),
            ("scirpt-scr", None),
            ("imk-src", Some("img-src")),
            ("i-src", None),
            ("ig-src", None),
            ("iig-src", None),
        ];
        for (word, expected) in cases {
            assert_eq!(certain(word, words), expected, "{word}");
        }
    }

    #[test]
    fn only_a_slip_is_near() {
        let words = ["script-src", "style-src", "sandbox", "hCaptcha", "cspDirectives", "mode"];
        let cases = [
            ("scirpt-src", Some("script-src")),
            ("SCRIPT_SRC", Some("script-src")),
            ("hcaptcha", Some("hCaptcha")),
            ("sandbx", Some("sandbox")),
            ("csp_directives", Some("cspDirectives")),
            ("mdoe", Some("mode")),
            ("m", None),
            ("report", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(closest(word, words), expected, "{word}");
        }
        assert_eq!(closest(&"a".repeat(MAX_LENGTH + 1), words), None);
    }
}
