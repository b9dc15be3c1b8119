//! Every code there is, wherever it is raised: what `chatward explain` reads from.

use crate::finding::Code;
use crate::policy::document;
use crate::suggest::closest;
use crate::{snapshot, validate, waiver};

/// Every code, ordered by id.
pub fn codes() -> Vec<&'static Code> {
    let documents = document::CODES.iter().chain(waiver::CODES).chain(snapshot::CODES).copied();
    let mut codes: Vec<&Code> =
        documents.chain(validate::codes()).chain(validate::header::CODES.iter().copied()).collect();
    codes.sort_by_key(|code| code.id);
    codes
}

/// The code of that id or name, in any case of letters.
///
/// # Errors
/// The id or name that is nearest, where there is no such code and one is near.
pub fn find(wanted: &str) -> Result<&'static Code, Option<&'static str>> {
    let codes = codes();
    let is_wanted =
        |code: &&Code| code.id.eq_ignore_ascii_case(wanted) || code.name.eq_ignore_ascii_case(wanted);
    codes.iter().copied().find(is_wanted).ok_or_else(|| {
        // An id that differs in one digit is another code as likely as not: only words have near ones.
        let is_id = wanted.bytes().any(|byte| byte.is_ascii_digit());
        closest(wanted, codes.iter().map(|code| code.name)).filter(|_| !is_id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_by_id_and_by_name() {
        let cases = [
            ("CW2107", Ok("CW2107")),
            ("cw2107", Ok("CW2107")),
            ("hash-length", Ok("CW2107")),
            ("hash-lenght", Err(Some("hash-length"))),
            ("CW2999", Err(None)),
            ("", Err(None)),
        ];
        for (wanted, expected) in cases {
            assert_eq!(find(wanted).map(|code| code.id), expected, "{wanted}");
        }
    }

    #[test]
    fn ids_and_names_are_given_once() {
        let codes = codes();
        assert!(codes.windows(2).all(|pair| pair[0].id < pair[1].id));
        let names: std::collections::BTreeSet<_> = codes.iter().map(|code| code.name).collect();
        assert_eq!(names.len(), codes.len());
    }
}
