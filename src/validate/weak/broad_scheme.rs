//! A whole scheme where a host should be named. Of scripts another check speaks.

use super::loads_scripts;
use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2313",
    name: "broad-scheme",
    severity: Severity::Warning,
    summary: "A whole scheme allows any host that speaks it, or content that is written into an address.",
    why: "A scheme alone allows every host that speaks it, the attacker's too; `data:` and `blob:` \
        allow content that was written into the address or by a script.",
    example: "connect-src https:",
    fixed: "connect-src https://api.example",
};

/// Where any host at all is a risk. Images, fonts and media are not there: `https:` is a usual choice for them.
const RISKY: &[&str] = &[
    "base-uri",
    "child-src",
    "connect-src",
    "default-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "object-src",
    "style-src",
    "style-src-elem",
    "worker-src",
];
/// Where content of a page's own making is a risk.
const EMBEDS: &[&str] =
    &["base-uri", "child-src", "default-src", "frame-src", "object-src", "style-src", "worker-src"];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists().filter(|reading| !loads_scripts(subject, reading)) {
        let name = reading.info.name;
        for (written, source) in reading.parsed() {
            let Source::Scheme(scheme) = source else { continue };
            if is_risky(name, &scheme.to_ascii_lowercase()) && !sink.only_counts(&CODE) {
                let text = format!("{} in `{name}` allows all of that scheme", backquoted(written));
                sink.report_with_help(&CODE, written.span, text, "name the hosts that are needed");
            }
        }
    }
}

fn is_risky(name: &str, scheme: &str) -> bool {
    match scheme {
        "http" | "ws" => true,
        "https" | "wss" => RISKY.contains(&name),
        "data" | "filesystem" => EMBEDS.contains(&name),
        "blob" => matches!(name, "base-uri" | "default-src" | "object-src"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_whole_scheme_is_told() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["connect-src https: wss:"],
                &[
                    "`https:` in `connect-src` allows all of that scheme",
                    "`wss:` in `connect-src` allows all of that scheme",
                ],
            ),
            (&["img-src http:"], &["`http:` in `img-src` allows all of that scheme"]),
            (&["img-src https: data:", "font-src data:", "worker-src blob:"], &[]),
            (&["object-src data:"], &["`data:` in `object-src` allows all of that scheme"]),
        ];
        assert_texts(&CODE, cases);
    }
}
