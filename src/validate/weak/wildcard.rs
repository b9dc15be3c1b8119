//! `*` for anything but scripts, of which another check speaks.

use super::loads_scripts;
use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2312",
    name: "wildcard",
    severity: Severity::Warning,
    summary: "With * anything of that kind may come from, or go to, any host, even without TLS.",
    why: "With `*` anything of that kind may come from any host, or go to any, even without TLS. \
        For connections, frames, forms and the like that is a way out for stolen data.",
    example: "connect-src *",
    fixed: "connect-src https://api.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists().filter(|reading| !loads_scripts(subject, reading)) {
        for (written, source) in reading.parsed() {
            if matches!(source, Source::Host(host) if host.is_bare_wildcard()) {
                let text = format!("{} in `{}` allows any host", backquoted(written), reading.info.name);
                sink.report_with_help(&CODE, written.span, text, "name the hosts that are needed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn any_host_is_told() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["connect-src *"], &["`*` in `connect-src` allows any host"]),
            (&["frame-ancestors https://*"], &["`https://*` in `frame-ancestors` allows any host"]),
            (&["default-src *"], &[]),
            (&["default-src *", "script-src 'self'"], &["`*` in `default-src` allows any host"]),
            (&["img-src *.example"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
