//! The codes of documents: everything that can be wrong before a document is a policy.

use crate::finding::{Code, Severity};

macro_rules! codes {
    ($($name:ident = $id:literal $words:literal: $summary:literal;)*) => {
        $(
            #[doc = $summary]
            pub static $name: Code =
                Code { id: $id, name: $words, severity: Severity::Error, summary: $summary };
        )*

        /// Every code of a document, by number.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    // The file.
    NOT_UTF8 = "CW1001" "not-utf8": "The file is not UTF-8 text.";
    FILE_TOO_LARGE = "CW1002" "file-too-large": "The file is larger than chatward reads.";
    YAML_SYNTAX = "CW1003" "yaml-syntax": "The file is not YAML.";
    NO_DOCUMENT = "CW1004" "no-document": "The file holds no document, as a half-written one would.";
    CONTROL_CHARACTER = "CW1005" "control-character": "The file holds a character that YAML does not allow.";
    TOO_MANY_DOCUMENTS = "CW1006" "too-many-documents": "The file holds more documents than chatward reads.";
    MORE_FINDINGS = "CW1007" "more-findings": "More is wrong with the document than is listed.";

    // The tree of one document.
    TOO_DEEP = "CW1010" "too-deep": "Mappings and lists are nested deeper than chatward reads.";
    TOO_MANY_NODES = "CW1011" "too-many-nodes": "The document holds more values than chatward reads.";
    ALIAS_EXPANSION = "CW1012" "alias-expansion": "The file's aliases stand for more than chatward reads.";
    RECURSIVE_ALIAS = "CW1013" "recursive-alias": "An alias stands inside the value that it refers to.";
    UNKNOWN_ANCHOR = "CW1014" "unknown-anchor": "An alias refers to an anchor that the document does not have.";
    MERGE_KEY = "CW1015" "merge-key": "The merge key `<<` is not part of YAML 1.2.";
    TAG = "CW1016" "tag": "A value has a tag; documents have none.";

    // Keys and values.
    UNKNOWN_KEY = "CW1020" "unknown-key": "A mapping has a key that nothing reads.";
    DUPLICATE_KEY = "CW1021" "duplicate-key": "A mapping has the same key twice.";
    WRONG_TYPE = "CW1022" "wrong-type": "A value is of another type than its key takes.";
    MISSING_FIELD = "CW1023" "missing-field": "A key that every policy needs is not there.";
    OUT_OF_RANGE = "CW1024" "number-out-of-range": "A number is smaller or larger than can be sent.";
    BAD_VERSION = "CW1025" "bad-version": "A browser's version is not written as one.";
    TOO_LONG = "CW1026" "too-long": "A text is longer than chatward reads.";
    TOO_MANY_ITEMS = "CW1027" "too-many-items": "A list or mapping has more entries than chatward reads.";

    // Whose and what the document is.
    BAD_NAME = "CW1030" "bad-name": "The name of a policy or tenant is not a DNS label.";
    MISSING_TENANT = "CW1031" "missing-tenant": "The document names no tenant, and no single one is configured.";
    API_VERSION = "CW1032" "api-version": "The document's apiVersion is not the one that chatward reads.";
    KIND = "CW1033" "kind": "The document's kind is not the one that chatward reads.";
    UNKNOWN_ANNOTATION = "CW1034" "unknown-annotation": "An annotation under `chatward.dev/` is not known.";
    ANNOTATION_VALUE = "CW1035" "annotation-value": "The value of an annotation is not one that it takes.";

    // What YAML does to Content-Security-Policy.
    TAKEN_QUOTES = "CW1040" "taken-quotes": "YAML took the quotes that belong to a CSP keyword.";
    SPLIT_AT_COLON = "CW1041" "split-at-colon": "YAML read a source that ends in a colon as a key.";
    READ_AS_ALIAS = "CW1042" "read-as-alias": "YAML read a source that begins with an asterisk as an alias.";
    TEXT_AFTER_QUOTES = "CW1043" "text-after-quotes": "YAML ended a value at the quotes of its first source.";
    RESERVED_CHARACTER = "CW1044" "reserved-character": "A value begins with a character that YAML reserves.";
    DIRECTIVE_VALUE = "CW1045" "directive-value": "A directive is set to something that is no value of it.";
    DIRECTIVE_NAME = "CW1046" "directive-name": "The name of a directive has other characters than CSP allows.";
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_ascend_and_have_words_of_their_own() {
        for pair in CODES.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} before {}", pair[0].id, pair[1].id);
        }
        let words: std::collections::BTreeSet<_> = CODES.iter().map(|code| code.name).collect();
        assert_eq!(words.len(), CODES.len());
    }
}
