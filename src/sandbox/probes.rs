//! What the webchat endpoint makes of a test input: 403 where the live rules stop it, 200 where they let it through.
//!
//! Without a policy in the path the whole tenant is asked, and is as strong as its weakest policy: the input is
//! stopped only if every live policy stops it, so that "blocked" means that no visitor could send it.

use serde_json::{Value, json};

use super::wire::Response;

/// Answers a probe of these policies, each as it is live.
pub(super) fn probe<'a>(policies: impl IntoIterator<Item = &'a Value>, input: &str) -> Response {
    let stopped_by: Option<Vec<&str>> =
        policies.into_iter().map(|policy| stopping_rule(policy, input)).collect();
    let answer = match stopped_by.as_deref() {
        Some([rule, ..]) => Response::problem(403, "blocked", format!("the input was stopped by {rule}")),
        _ => Response::json(200, &json!({ "accepted": true })),
    };
    // As nearly every server does: it says nothing about the rules.
    answer.with("x-content-type-options", "nosniff")
}

/// The first rule of a policy that stops an input, if its rules stop anything.
fn stopping_rule<'a>(policy: &'a Value, input: &str) -> Option<&'a str> {
    let xss = &policy["securityProfile"]["xssProtection"];
    if xss["enabled"] != true || xss["mode"] != "block" {
        return None;
    }
    let rules = xss["filterRules"].as_array()?;
    rules.iter().filter_map(Value::as_str).find(|rule| stops(rule, input))
}

fn stops(rule: &str, input: &str) -> bool {
    match rule {
        "strip-script-tags" => has_script_tag(input),
        "sanitize-event-handlers" => has_event_handler(input),
        "block-script-uris" => has_script_uri(input),
        _ => false,
    }
}

/// `<script` as a tag, open or closed.
fn has_script_tag(input: &str) -> bool {
    tags(input).any(|tag| tag_name(tag.trim_start_matches('/')).eq_ignore_ascii_case("script"))
}

/// A tag with an attribute whose name begins with `on` and that has a value.
fn has_event_handler(input: &str) -> bool {
    tags(input).any(|tag| {
        let rest = &tag[tag_name(tag).len()..];
        attributes(rest).iter().any(|name| name.len() > 2 && name.to_ascii_lowercase().starts_with("on"))
    })
}

/// What follows each `<` that a tag's name or `/` stands behind.
fn tags(input: &str) -> impl Iterator<Item = &str> {
    let starts_tag = |c: char| c.is_ascii_alphabetic() || c == '/';
    input.match_indices('<').map(|(at, _)| &input[at + 1..]).filter(move |rest| rest.starts_with(starts_tag))
}

fn tag_name(tag: &str) -> &str {
    tag.split(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).next().unwrap_or_default()
}

/// The names of the attributes that have a value, up to the end of the tag (HTML Standard §13.2.5.32 onwards).
fn attributes(tag: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='));
        let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
        match behind.trim_ascii_start().strip_prefix('=') {
            Some(value) => {
                names.push(name);
                rest = behind_value(value.trim_ascii_start());
            }
            None if name.is_empty() => return names,
            None => rest = behind,
        }
    }
}

fn behind_value(text: &str) -> &str {
    let quoted = ['"', '\''].into_iter().find_map(|quote| Some((quote, text.strip_prefix(quote)?)));
    match quoted {
        Some((quote, text)) => text.split_once(quote).map_or("", |(_, rest)| rest),
        None => text.trim_start_matches(|c: char| !c.is_ascii_whitespace() && c != '>'),
    }
}

/// A URI that runs as script. White space within is left out of account, as browsers do (URL Standard §4.4).
fn has_script_uri(input: &str) -> bool {
    let text: String = input.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let text = text.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:text/html"].iter().any(|uri| {
        text.match_indices(uri).any(|(at, _)| {
            !text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '+' | '.'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(enabled: bool, mode: &str, rules: &[&str]) -> Value {
        json!({ "securityProfile": { "xssProtection": { "enabled": enabled, "mode": mode, "filterRules": rules } } })
    }

    #[test]
    fn each_rule_stops_what_its_name_says() {
        let rules = ["strip-script-tags", "sanitize-event-handlers", "block-script-uris"];
        let cases = [
            ("<script>alert(1)</script>", [true, false, false]),
            ("<ScRiPt src=//evil>", [true, false, false]),
            ("</script ", [true, false, false]),
            ("<scripture>", [false; 3]),
            ("a < script", [false; 3]),
            ("<img src=x onerror=alert(1)>", [false, true, false]),
            ("<svg/onload=alert(1)>", [false, true, false]),
            ("<img src=\"x\"onerror = alert(1)>", [false, true, false]),
            ("<b>once = more</b>", [false; 3]),
            ("<img alt=on>", [false; 3]),
            ("<img onerror>", [false; 3]),
            ("<img alt='>' OnError='x'>", [false, true, false]),
            ("<img alt=\"onerror=x", [false; 3]),
            ("<img = == onx=1>", [false, true, false]),
            ("onerror=alert(1)", [false; 3]),
            ("javascript:alert(1)", [false, false, true]),
            ("<a href=\" JaVa\tScript:alert(1)\">", [false, false, true]),
            ("data:text/html,<script>", [true, false, true]),
            ("data:text/plain,x", [false; 3]),
            ("see notjavascript: it", [false; 3]),
            ("hello", [false; 3]),
            ("<é onx=1", [false; 3]),
        ];
        for (input, expected) in cases {
            assert_eq!(rules.map(|rule| stops(rule, input)), expected, "{input}");
        }
    }

    #[test]
    fn only_rules_that_block_stop_anything() {
        let input = "<script>";
        let strong = policy(true, "block", &["block-script-uris", "strip-script-tags"]);
        let cases = [
            (vec![strong.clone()], 403),
            (vec![policy(false, "block", &["strip-script-tags"])], 200),
            (vec![policy(true, "sanitize", &["strip-script-tags"])], 200),
            (vec![policy(true, "report", &["strip-script-tags"])], 200),
            (vec![policy(true, "block", &["unheard-of"])], 200),
            (vec![strong.clone(), policy(true, "block", &[])], 200),
            (vec![strong.clone(), strong], 403),
        ];
        for (policies, status) in cases {
            assert_eq!(probe(&policies, input).status, status, "{policies:?}");
        }
    }
}
