//! A directive that some targeted browser does not have yet.
//!
//! Nothing is said of a deprecated one, of which another check speaks, nor of `report-to` where `report-uri` stands
//! beside it for browsers that lack it.

use super::{HELP, listed};
use crate::csp::Standing;
use crate::csp::support::Lack;
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2201",
    name: "directive-support",
    severity: Severity::Warning,
    summary: "Some browser that the policy must work in does not have the directive.",
    why: "Some browser that the policy must work in ignores the directive. What it restricts is open there, \
        and what it allows follows the directive that stands in for it, such as `script-src` for \
        `script-src-elem`.",
    example: "script-src-elem 'self'",
    fixed: "script-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.known() {
        let name = reading.info.name;
        if matches!(reading.info.standing, Standing::Deprecated(_))
            || (name == "report-to" && subject.get("report-uri").is_some())
        {
            continue;
        }
        let Some(row) = reading.support else { continue };
        if let Some(browsers) = listed(row, subject.targets, Lack::Missing) {
            let text = format!("`{name}` is not in {browsers}");
            sink.report_with_help(&CODE, reading.written.name.span, text, HELP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csp::{TargetBrowsers, Version};
    use crate::validate::testing::{assert_texts, changed, texts};

    #[test]
    fn every_browser_without_it_is_named() {
        let text = "`script-src-elem` is not in Firefox 90 to 107, Safari 15 to 15.3";
        assert_texts(
            &CODE,
            &[
                (&["script-src 'self'", "frame-ancestors 'none'"], &[]),
                (&["Script-Src-Elem 'self'"], &[text]),
                (&["block-all-mixed-content = true", "prefetch-src 'self'"], &[]),
                (&["worker-src 'self'"], &["`worker-src` is not in Safari 15 to 15.4"]),
                (&["report-to csp"], &["`report-to` is not in Firefox 90 to 148, Safari 15 to 16.3"]),
                (&["report-to csp", "report-uri /csp"], &[]),
            ],
        );
    }

    #[test]
    fn the_targets_decide() {
        let mut policy = changed(|_| {});
        policy.spec.csp_directives =
            crate::validate::testing::policy(&["trusted-types a"]).spec.csp_directives;
        policy.spec.target_browsers = TargetBrowsers {
            chrome: Version::new(83, 0),
            firefox: Version::new(148, 0),
            safari: Version::new(26, 0),
            ..TargetBrowsers::default()
        };
        assert_eq!(texts(&CODE, &policy), [""; 0]);
        policy.spec.target_browsers.safari = Version::new(18, 4);
        policy.spec.target_browsers.firefox_android = Some(Version::new(147, 0));
        let text = "`trusted-types` is not in Safari 18.4 to 18.6, Firefox on Android 147";
        assert_eq!(texts(&CODE, &policy), [text]);
    }
}
