//! A tree to a policy: the envelope, and every part of `spec` but its directives.

use std::collections::BTreeMap;

use saphyr_parser::ScalarStyle;

use super::fields::{Decoder, Value};
use super::findings::Findings;
use super::tree::{Kind, Node, Tree};
use super::{Document, Text, code};
use crate::csp::{Browser, Version};
use crate::drift::OnDrift;
use crate::finding::{Span, Spanned};
use crate::policy::{
    ACCEPT_WEAKENING, API_VERSION, BotDetection, BotRule, KIND, MAX_ACCEPTANCE, NameError, ON_DRIFT, Policy,
    PolicyId, PolicyName, SUSPEND, Spec, TargetBrowsers, TenantName, WAIVE_ANNOTATION, XssRules,
    default_report_uri,
};
use crate::printable::backquoted;
use crate::suggest::closest;
use crate::suspension::{Term, TermError};

/// The annotations under [`ANNOTATION_PREFIX`] that mean something.
const ANNOTATIONS: &[&str] = &[ACCEPT_WEAKENING, ON_DRIFT, SUSPEND, WAIVE_ANNOTATION];
/// Annotations under another prefix are free.
const ANNOTATION_PREFIX: &str = "chatward.dev/";

/// Reads the document that a tree holds.
pub fn document<'t>(
    text: &'t Text<'t>,
    tree: &'t Tree<'t>,
    root: &'t Node<'t>,
    findings: Findings,
    default_tenant: Option<&TenantName>,
) -> Document {
    let mut decoder = Decoder { text, tree, findings };
    let read = if tree.truncated {
        Read::default() // what follows is unknown, so nothing about the rest is
    } else {
        decoder.document(root, default_tenant)
    };
    let findings = decoder.findings.into_list(text, root.span);
    let policy = read.policy.filter(|_| !findings.iter().any(crate::finding::Finding::is_error));
    Document { place: text.place(root.span), id: read.id, tenant: read.tenant, policy, findings }
}

/// What was read, as far as it went.
#[derive(Default)]
struct Read {
    id: Option<PolicyId>,
    tenant: Option<TenantName>,
    policy: Option<Policy>,
}

/// `metadata`, as far as it could be read.
#[derive(Default)]
struct Metadata {
    name: Option<Spanned<PolicyName>>,
    tenant: Option<TenantName>,
    annotations: BTreeMap<String, Spanned<String>>,
}

impl<'t> Decoder<'t> {
    fn document(&mut self, root: &'t Node<'t>, default_tenant: Option<&TenantName>) -> Read {
        let value = Value { node: root, path: String::new(), key: root.span, repeated: false };
        if !matches!(root.kind, Kind::Mapping(_)) {
            let document = Value { path: "document".to_owned(), ..value };
            self.wrong_type(&document, "a mapping", &format!("begin with `apiVersion: {API_VERSION}`"));
            return Read::default();
        }
        let Some(mut fields) = self.fields(&value) else { return Read::default() };
        let (version, kind) = (fields.take("apiVersion"), fields.take("kind"));
        let version_is_ours = self.api_version(version.as_ref(), root.span);
        let kind_is_ours = self.kind(kind.as_ref(), root.span);
        let foreign = version.is_some() && kind.is_some() && !version_is_ours && !kind_is_ours;
        let said = self.findings.mark();
        let metadata = match self.required(&mut fields, "metadata", "metadata: { name: checkout-chat }") {
            Some(metadata) => self.metadata(&metadata, default_tenant),
            None if fields.is_opaque() => Metadata::default(),
            None => Metadata { tenant: default_tenant.cloned(), ..Metadata::default() },
        };
        let tenant = metadata.tenant;
        let id = metadata.name.as_ref().zip(tenant.as_ref());
        let id = id.map(|(name, tenant)| PolicyId::new(tenant.clone(), name.value.clone()));
        if foreign {
            // Somebody else's document: what is wrong with the rest of it is not for us to say.
            self.findings.forget(said);
            return Read { id, tenant, policy: None };
        }
        let spec = self.required(&mut fields, "spec", "spec: { cspDirectives: { … } }");
        let spec = spec.and_then(|spec| self.spec(&spec));
        self.finish(fields);
        let name_span = metadata.name.map_or(root.span, |name| name.span);
        let policy = id.clone().zip(spec);
        let annotations = metadata.annotations;
        let policy = policy.map(|(id, spec)| Policy { id, name_span, annotations, spec });
        Read { id, tenant, policy }
    }

    /// Checks `apiVersion`; tells whether it looks like one of ours.
    fn api_version(&mut self, value: Option<&Value<'t>>, root: Span) -> bool {
        let help = format!("write `apiVersion: {API_VERSION}`");
        let Some(value) = value else {
            self.find(&code::API_VERSION, root, "the document has no `apiVersion`", help);
            return false;
        };
        let Some(written) = self.string(value) else { return false };
        if written.value == API_VERSION {
            return true;
        }
        let ours = written.value.starts_with("chatward.dev/");
        let text = if ours {
            format!("this chatward reads `{API_VERSION}`, not {}", backquoted(&written))
        } else {
            format!("{} is not the apiVersion of a policy", backquoted(&written))
        };
        let help = if ours || closest(&written, [API_VERSION]).is_some() {
            help
        } else {
            format!("{help}, or move the file out of the policy directory if it is no policy")
        };
        self.find(&code::API_VERSION, written.span, text, help);
        ours
    }

    /// Checks `kind`; tells whether it looks like ours.
    fn kind(&mut self, value: Option<&Value<'t>>, root: Span) -> bool {
        let Some(value) = value else {
            self.find(&code::KIND, root, "the document has no `kind`", format!("write `kind: {KIND}`"));
            return false;
        };
        let Some(written) = self.string(value) else { return false };
        if written.value == KIND {
            return true;
        }
        let near = closest(&written, [KIND]).is_some();
        let help = if near { format!("did you mean `{KIND}`?") } else { format!("write `kind: {KIND}`") };
        let text = format!("{} is not the kind of a policy", backquoted(&written));
        self.find(&code::KIND, written.span, text, help);
        near
    }

    fn metadata(&mut self, value: &Value<'t>, default_tenant: Option<&TenantName>) -> Metadata {
        let Some(mut fields) = self.fields(value) else { return Metadata::default() };
        let name = self.required(&mut fields, "name", "name: checkout-chat");
        let name = name.and_then(|name| self.name(&name));
        let tenant = match fields.take("tenant") {
            Some(tenant) => self.name(&tenant).map(|tenant| tenant.value),
            None if fields.is_opaque() => None,
            None => default_tenant.cloned().or_else(|| {
                let text = "`metadata` names no tenant, and not exactly one is configured";
                let help = "add `tenant: NAME` under `metadata`, with a name from the settings";
                self.find(&code::MISSING_TENANT, value.key, text, help);
                None
            }),
        };
        let annotations = fields.take("annotations").map(|value| self.annotations(&value));
        self.finish(fields);
        if value.repeated {
            return Metadata::default();
        }
        Metadata { name, tenant, annotations: annotations.unwrap_or_default() }
    }

    /// A name, unless its key comes again: nobody knows then which is meant, and a finding says so.
    fn name<N>(&mut self, value: &Value<'t>) -> Option<Spanned<N>>
    where
        N: std::str::FromStr<Err = NameError>,
    {
        let written = self.string(value)?;
        match written.parse() {
            Ok(_) if value.repeated => None,
            Ok(name) => Some(Spanned::new(name, written.span)),
            Err(error) => {
                let help = label(&written).map(|label| format!("write `{label}`")).unwrap_or_default();
                let text = format!("{} can't be `{}`: {error}", backquoted(&written), value.path);
                self.find(&code::BAD_NAME, written.span, text, help);
                None
            }
        }
    }

    fn annotations(&mut self, value: &Value<'t>) -> BTreeMap<String, Spanned<String>> {
        let Kind::Mapping(pairs) = &value.node.kind else {
            self.wrong_type(value, "a mapping of strings", "");
            return BTreeMap::new();
        };
        let mut annotations = BTreeMap::new();
        for entry in self.entries(pairs, &value.path, |key| key.into()) {
            let ours =
                entry.key.strip_prefix(ANNOTATION_PREFIX).filter(|_| !ANNOTATIONS.contains(&entry.key));
            if let Some(name) = ours {
                let text = format!("the annotation {} is not known", backquoted(entry.key));
                // The prefix that all of them share makes none of them near.
                let names = ANNOTATIONS.iter().filter_map(|known| known.strip_prefix(ANNOTATION_PREFIX));
                let help = match closest(name, names) {
                    Some(known) => format!("did you mean `{ANNOTATION_PREFIX}{known}`?"),
                    None => format!("`{ANNOTATION_PREFIX}` is reserved; use a prefix of your own"),
                };
                self.find(&code::UNKNOWN_ANNOTATION, entry.key_span, text, help);
                continue;
            }
            let path = format!("{}.{}", value.path, backquoted(entry.key).trim_matches('`'));
            let annotation = Value { node: entry.node, path, key: entry.key_span, repeated: false };
            let Some(text) = self.string_or(&code::ANNOTATION_VALUE, &annotation) else { continue };
            if entry.key == ACCEPT_WEAKENING && !is_reason(&text) {
                let what = format!("the value of `{ACCEPT_WEAKENING}` is no reason");
                let help =
                    format!("say in 1 to {MAX_ACCEPTANCE} characters why the change may weaken the policy");
                self.find(&code::ANNOTATION_VALUE, text.span, what, help);
                continue;
            }
            if entry.key == SUSPEND
                && let Err(why) = text.value.parse::<Term>()
            {
                let what = format!("the value of `{SUSPEND}` can't be used: {why}");
                self.find(&code::ANNOTATION_VALUE, text.span, what, TermError::HELP);
                continue;
            }
            if entry.key == ON_DRIFT && OnDrift::named(&text).is_none() {
                let what = format!("the value of `{ON_DRIFT}` can't be {}", backquoted(&text));
                let help = match closest(&text, OnDrift::ALL.map(|(_, word)| word)) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => "write `report`, or `correct` to have it changed back".to_owned(),
                };
                self.find(&code::ANNOTATION_VALUE, text.span, what, help);
                continue;
            }
            annotations.insert(entry.key.to_owned(), text);
        }
        annotations
    }

    fn spec(&mut self, value: &Value<'t>) -> Option<Spec> {
        let mut fields = self.fields(value)?;
        let browsers = fields.take("targetBrowsers").map(|value| self.target_browsers(&value));
        let report_uri = fields.take("reportUri").and_then(|value| self.string(&value));
        let vendor = fields.take("vendor").and_then(|value| self.string(&value));
        let region = fields.take("region").and_then(|value| self.string(&value));
        let directives = self.required(&mut fields, "cspDirectives", "cspDirectives: { … }");
        let directives = directives.map(|value| self.directives(&value));
        let xss_rules = fields.take("xssRules").map(|value| self.xss_rules(&value));
        let bot_detection = fields.take("botDetection").map(|value| self.bot_detection(&value));
        self.finish(fields);
        Some(Spec {
            target_browsers: browsers.unwrap_or_default(),
            report_uri: report_uri.unwrap_or_else(default_report_uri),
            vendor,
            region,
            csp_directives: directives?,
            xss_rules: xss_rules.unwrap_or_default(),
            bot_detection: bot_detection.unwrap_or_default(),
        })
    }

    fn target_browsers(&mut self, value: &Value<'t>) -> TargetBrowsers {
        let mut browsers = TargetBrowsers::default();
        let Some(mut fields) = self.fields(value) else { return browsers };
        for browser in Browser::ALL {
            if let Some(version) = fields.take(browser.key()).and_then(|value| self.version(&value)) {
                browsers.set(browser, version);
            }
        }
        self.finish(fields);
        browsers
    }

    /// A version, read as it is written: the number 15.10 is not 15.1.
    fn version(&mut self, value: &Value<'t>) -> Option<Version> {
        let Kind::Scalar(text, style) = &value.node.kind else {
            self.wrong_type(value, "a version such as `16` or `15.4`", "");
            return None;
        };
        if text.is_empty() && *style == ScalarStyle::Plain {
            self.wrong_type(value, "a version such as `16` or `15.4`", "");
            return None;
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let version: Option<Version> =
            digits.then(|| text.parse().ok()).flatten().filter(|version: &Version| version.major > 0);
        if version.is_none() {
            let text = format!("{} is not a version of a browser", backquoted(text));
            self.find(&code::BAD_VERSION, value.node.span, text, "write one such as `16` or `15.4`");
        }
        version
    }

    fn xss_rules(&mut self, value: &Value<'t>) -> XssRules {
        let mut rules = XssRules::default();
        let Some(mut fields) = self.fields(value) else { return rules };
        set(&mut rules.enabled, fields.take("enabled").and_then(|value| self.boolean(&value)));
        set(&mut rules.mode, fields.take("mode").and_then(|value| self.string(&value)));
        if let Some(value) = fields.take("rules") {
            let items = self.list(&value, "a list of strings").unwrap_or_default();
            rules.rules = items.iter().filter_map(|item| self.string(item)).collect();
        }
        self.finish(fields);
        rules
    }

    fn bot_detection(&mut self, value: &Value<'t>) -> BotDetection {
        let mut bots = BotDetection::default();
        let Some(mut fields) = self.fields(value) else { return bots };
        set(&mut bots.enabled, fields.take("enabled").and_then(|value| self.boolean(&value)));
        set(&mut bots.challenge_type, fields.take("challengeType").and_then(|value| self.string(&value)));
        let limit = fields.take("rateLimitPerMinute").and_then(|value| self.number(&value));
        set(&mut bots.rate_limit_per_minute, limit);
        if let Some(value) = fields.take("rules") {
            let items = self.list(&value, "a list of rules").unwrap_or_default();
            bots.rules = items.iter().filter_map(|item| self.bot_rule(item)).collect();
        }
        self.finish(fields);
        bots
    }

    fn bot_rule(&mut self, value: &Value<'t>) -> Option<BotRule> {
        let mut fields = self.fields(value)?;
        let name = self.required(&mut fields, "name", "name: rapid-fire-detection");
        let name = name.and_then(|value| self.string(&value));
        let threshold = fields.take("threshold").and_then(|value| self.number(&value));
        let window_seconds = fields.take("windowSeconds").and_then(|value| self.number(&value));
        let enabled = fields.take("enabled").and_then(|value| self.boolean(&value));
        self.finish(fields);
        Some(BotRule { name: name?, threshold, window_seconds, enabled })
    }
}

/// Replaces a default with what is written.
fn set<T>(field: &mut T, written: Option<T>) {
    if let Some(written) = written {
        *field = written;
    }
}

/// The DNS label that a text comes nearest to.
fn label(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase().replace(['_', ' ', '.', '/'], "-");
    let kept: String = lower.chars().filter(|c| matches!(c, 'a'..='z' | '0'..='9' | '-')).take(63).collect();
    let label = kept.trim_matches('-');
    label.parse::<PolicyName>().is_ok().then(|| label.to_owned())
}

/// Whether a text can be the reason why something is accepted.
fn is_reason(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().count() <= MAX_ACCEPTANCE
}
