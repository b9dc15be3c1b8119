//! The codes of documents: everything that can be wrong before a document is a policy.

use crate::finding::{Code, Severity};

macro_rules! codes {
    ($(
        $name:ident = $id:literal $words:literal: $summary:literal;
            why $why:literal;
            example $example:literal;
            fixed $fixed:literal;
    )*) => {
        $(
            #[doc = $summary]
            pub static $name: Code = Code {
                id: $id,
                name: $words,
                severity: Severity::Error,
                summary: $summary,
                why: $why,
                example: $example,
                fixed: $fixed,
            };
        )*

        /// Every code of a document, by number.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    // The file.
    NOT_UTF8 = "CW1001" "not-utf8": "The file is not UTF-8 text.";
        why "YAML is Unicode text, and chatward reads it as UTF-8 alone. A file in another encoding has \
            other letters than its author saw, so nothing in it is taken.";
        example "name: café   # saved as ISO 8859-1";
        fixed "name: café   # saved as UTF-8";
    FILE_TOO_LARGE = "CW1002" "file-too-large": "The file is larger than chatward reads.";
        why "A file of policies has a few kilobytes. One that is larger than 1 MiB is mostly no policy at \
            all, and reading it would hold up all others.";
        example "# policies of all tenants, 2 MiB in one file";
        fixed "# one file a policy";
    YAML_SYNTAX = "CW1003" "yaml-syntax": "The file is not YAML.";
        why "Nobody can tell what the file asks for. Its policies are held as they are, and none of them \
            counts as removed.";
        example "xssRules: { mode: block";
        fixed "xssRules: { mode: block }";
    NO_DOCUMENT = "CW1004" "no-document": "The file holds no document, as a half-written one would.";
        why "A file without a document may be one that is half written. It asks for nothing, and no policy \
            counts as removed because of it.";
        example "# nothing but a comment";
        fixed "spec: { cspDirectives: { default-src: \"'self'\" } }";
    CONTROL_CHARACTER = "CW1005" "control-character": "The file holds a character that YAML does not allow.";
        why "YAML does not allow control characters, and they would not show in a review: what a person \
            sees and what a program reads would differ.";
        example "xssRules: { mode: \"blo\u{7}ck\" }";
        fixed "xssRules: { mode: block }";
    TOO_MANY_DOCUMENTS = "CW1006" "too-many-documents": "The file holds more documents than chatward reads.";
        why "What stands behind the last document that is read is unknown. So the file as a whole is held \
            until it is split.";
        example "# 10,001 documents in one file";
        fixed "# 1,000 documents in each of eleven files";
    MORE_FINDINGS = "CW1007" "more-findings": "More is wrong with the document than is listed.";
        why "With so many mistakes most have one cause, such as a wrong indentation near the top. The first \
            ones are listed; the others show when those are gone.";
        example "# a document with more than 100 mistakes";
        fixed "# the same, once its first mistakes are corrected";

    // The tree of one document.
    TOO_DEEP = "CW1010" "too-deep": "Mappings and lists are nested deeper than chatward reads.";
        why "A policy is nested 5 deep. What is deeper is no policy, and reading it could exhaust memory.";
        example "annotations: { deep: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] }";
        fixed "annotations: { deep: \"no more than a text\" }";
    TOO_MANY_NODES = "CW1011" "too-many-nodes": "The document holds more values than chatward reads.";
        why "So many values are no policy. The rest of the document is not read, so nothing in it is taken.";
        example "# a list of 100,001 sources";
        fixed "# the sources that are needed";
    ALIAS_EXPANSION = "CW1012" "alias-expansion": "The file's aliases stand for more than chatward reads.";
        why "Aliases of aliases multiply: a few lines can stand for gigabytes. What a file's aliases stand \
            for is counted, and beyond a limit they are refused.";
        example "a: &a [x, x, …]   b: &b [*a, *a, …]   c: [*b, *b, …]";
        fixed "a: [x]";
    RECURSIVE_ALIAS = "CW1013" "recursive-alias": "An alias stands inside the value that it refers to.";
        why "An alias inside the value that it refers to stands for something without an end. No browser or \
            tenant could be sent that.";
        example "script-src: &all [\"'self'\", *all]";
        fixed "script-src: [\"'self'\"]";
    UNKNOWN_ANCHOR = "CW1014" "unknown-anchor": "An alias refers to an anchor that the document does not have.";
        why "`*name` stands for a value that `&name` marks earlier in the same document. Where there is \
            none, nobody knows what was meant; often a source that begins with an asterisk only lacks its \
            quotes.";
        example "script-src: *shared";
        fixed "script-src: \"'self'\"";
    MERGE_KEY = "CW1015" "merge-key": "The merge key `<<` is not part of YAML 1.2.";
        why "The merge key `<<` belongs to YAML 1.1 and is not in YAML 1.2. Readers disagree on which value \
            wins, and a security policy must not depend on the reader.";
        example "xssRules: { <<: { mode: block } }";
        fixed "xssRules: { mode: block }";
    TAG = "CW1016" "tag": "A value has a tag; documents have none.";
        why "A tag tells a reader to build a value of a certain type, and readers disagree on which. \
            Documents need none: the keys say what type a value has.";
        example "xssRules: { mode: !text block }";
        fixed "xssRules: { mode: block }";

    // Keys and values.
    UNKNOWN_KEY = "CW1020" "unknown-key": "A mapping has a key that nothing reads.";
        why "A key that nothing reads is mostly a slip, and what stands under it would silently not be \
            deployed.";
        example "xssRules: { modus: block }";
        fixed "xssRules: { mode: block }";
    DUPLICATE_KEY = "CW1021" "duplicate-key": "A mapping has the same key twice.";
        why "Of two values for one key most YAML readers take the last and say nothing. The first, which a \
            reviewer may have read, would be lost.";
        example "xssRules: { mode: block, mode: report }";
        fixed "xssRules: { mode: block }";
    WRONG_TYPE = "CW1022" "wrong-type": "A value is of another type than its key takes.";
        why "A value of another type is not guessed at: `\"yes\"` is a string to YAML, and not true. What \
            the author meant would differ from what is sent.";
        example "xssRules: { enabled: \"yes\" }";
        fixed "xssRules: { enabled: true }";
    MISSING_FIELD = "CW1023" "missing-field": "A key that every policy needs is not there.";
        why "Without this key the document is no policy: it has no name, or says nothing that a browser \
            could enforce.";
        example "spec: { xssRules: { mode: block } }";
        fixed "spec: { cspDirectives: { default-src: \"'self'\" } }";
    OUT_OF_RANGE = "CW1024" "number-out-of-range": "A number is smaller or larger than can be sent.";
        why "The tenant takes whole numbers from 0 to 4294967295. Any other would be refused, or cut to \
            something that nobody wrote.";
        example "botDetection: { rateLimitPerMinute: -1 }";
        fixed "botDetection: { rateLimitPerMinute: 12 }";
    BAD_VERSION = "CW1025" "bad-version": "A browser's version is not written as one.";
        why "Which checks apply depends on the oldest browsers that the policy must work in. A version that \
            can't be read would let a gap go unseen.";
        example "targetBrowsers: { chrome: latest }";
        fixed "targetBrowsers: { chrome: 100 }";
    TOO_LONG = "CW1026" "too-long": "A text is longer than chatward reads.";
        why "A text of more than 8 KiB is no source, name or rule, and a header of that length is refused \
            by many servers.";
        example "script-src: \"https://cdn.example/… (9 KiB)\"";
        fixed "script-src: \"https://cdn.example\"";
    TOO_MANY_ITEMS = "CW1027" "too-many-items": "A list or mapping has more entries than chatward reads.";
        why "A list of that length is no policy that anybody reviews, and a header made from it is refused \
            by many servers.";
        example "script-src: [https://a1.example, https://a2.example, … (1,001 of them)]";
        fixed "script-src: [\"https://*.cdn.example\"]";

    // Whose and what the document is.
    BAD_NAME = "CW1030" "bad-name": "The name of a policy or tenant is not a DNS label.";
        why "Names become parts of addresses, file names and metrics. Lower-case letters, digits and \
            hyphens mean the same in all of them.";
        example "metadata: { name: Checkout_Chat, tenant: default }";
        fixed "metadata: { name: checkout-chat, tenant: default }";
    MISSING_TENANT = "CW1031" "missing-tenant": "The document names no tenant, and no single one is configured.";
        why "A policy belongs to one tenant. Where several are configured, or none, a document has to say \
            to which: a guess could deploy it to the wrong one.";
        example "metadata: { name: checkout-chat }";
        fixed "metadata: { name: checkout-chat, tenant: production }";
    API_VERSION = "CW1032" "api-version": "The document's apiVersion is not the one that chatward reads.";
        why "The version says how the rest is to be read. A document of another version may mean something \
            else by the same keys, so it is not taken.";
        example "apiVersion: chatward.dev/v2";
        fixed "apiVersion: chatward.dev/v1";
    KIND = "CW1033" "kind": "The document's kind is not the one that chatward reads.";
        why "A directory may hold documents for other programs. One that is in the policy directory and is \
            not a policy is named, so that a slip in `kind` does not go unseen.";
        example "kind: WebchatPolicy";
        fixed "kind: WebchatSecurityPolicy";
    UNKNOWN_ANNOTATION = "CW1034" "unknown-annotation": "An annotation under `chatward.dev/` is not known.";
        why "Annotations under `chatward.dev/` change what chatward does. One that it does not know would \
            silently do nothing.";
        example "annotations: { chatward.dev/waver: \"CW2301: old widget\" }";
        fixed "annotations: { example.com/owner: chat-team }";
    ANNOTATION_VALUE = "CW1035" "annotation-value": "The value of an annotation is not one that it takes.";
        why "An annotation is a text. YAML makes numbers and booleans of some texts without quotes, and \
            they would come out differently. Some annotations ask for more, such as a reason.";
        example "annotations: { example.com/ticket: 4711 }";
        fixed "annotations: { example.com/ticket: \"4711\" }";

    // What YAML does to Content-Security-Policy.
    TAKEN_QUOTES = "CW1040" "taken-quotes": "YAML took the quotes that belong to a CSP keyword.";
        why "`'self'` is a quoted string to YAML, and its text is `self`, which to a browser is the name of \
            a host. The keyword needs two pairs of quotes: the outer for YAML, the inner for CSP.";
        example "script-src: 'self'";
        fixed "script-src: \"'self'\"";
    SPLIT_AT_COLON = "CW1041" "split-at-colon": "YAML read a source that ends in a colon as a key.";
        why "A colon at the end of a word makes a key of it in YAML, so `data:` becomes a mapping. In \
            quotes it stays the source that was meant.";
        example "img-src:\n  - data:";
        fixed "img-src:\n  - \"data:\"";
    READ_AS_ALIAS = "CW1042" "read-as-alias": "YAML read a source that begins with an asterisk as an alias.";
        why "A word that begins with an asterisk refers to an anchor in YAML. In quotes it stays the \
            wildcard that was meant.";
        example "img-src: *.cdn.example";
        fixed "img-src: \"*.cdn.example\"";
    TEXT_AFTER_QUOTES = "CW1043" "text-after-quotes": "YAML ended a value at the quotes of its first source.";
        why "YAML ends a value at the quote that closes it, so of `'self' https://cdn.example` only `self` \
            would be left, without its quotes. One pair of double quotes around the whole keeps it together.";
        example "script-src: 'self' https://cdn.example";
        fixed "script-src: \"'self' https://cdn.example\"";
    RESERVED_CHARACTER = "CW1044" "reserved-character": "A value begins with a character that YAML reserves.";
        why "YAML keeps some characters for itself at the beginning of a value. In quotes they are what \
            they are.";
        example "img-src: @cdn.example";
        fixed "img-src: \"https://cdn.example\"";
    DIRECTIVE_VALUE = "CW1045" "directive-value": "A directive is set to something that is no value of it.";
        why "A directive is set to sources, or to `true` where it takes none. `false` and null don't switch \
            it off: a directive that is not wanted is left out.";
        example "object-src: false";
        fixed "object-src: \"'none'\"";
    DIRECTIVE_NAME = "CW1046" "directive-name": "The name of a directive has other characters than CSP allows.";
        why "Names of directives have letters, digits and hyphens. Browsers skip any other name with all \
            that stands behind it.";
        example "script_src: \"'self'\"";
        fixed "script-src: \"'self'\"";
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
