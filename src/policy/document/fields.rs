//! Reading typed values out of a tree: the keys that are asked for are the keys there are.
//!
//! Everything here says what is wrong and goes on, so that one run finds everything.

use saphyr_parser::ScalarStyle;

use super::code;
use super::findings::Findings;
use super::scalar::{NotWhole, Resolved, resolve, whole};
use super::text::{Text, quoted};
use super::tree::{Kind, Node, Tree};
use crate::finding::{Code, Span, Spanned};
use crate::printable::backquoted;
use crate::suggest::closest;

/// The longest string, in bytes.
pub const MAX_STRING: usize = 8 << 10;
/// The longest list.
pub const MAX_ITEMS: usize = 1_000;

/// A value with its way through the document, such as `spec.xssRules.mode`.
#[derive(Debug, Clone)]
pub struct Value<'t> {
    /// The node.
    pub node: &'t Node<'t>,
    /// How messages name it.
    pub path: String,
    /// Where its key is written; its own place where it has none.
    pub key: Span,
    /// Whether its key is written more than once, so that nobody knows which is meant.
    pub repeated: bool,
}

/// Reads values and keeps what is wrong with them.
pub struct Decoder<'t> {
    pub text: &'t Text<'t>,
    pub tree: &'t Tree<'t>,
    pub findings: Findings,
}

/// One key of a mapping with its value.
pub struct Entry<'t> {
    pub key: &'t str,
    pub key_span: Span,
    pub node: &'t Node<'t>,
    repeated: bool,
}

/// The entries of a mapping that were not read yet.
pub struct Fields<'t> {
    path: String,
    /// Where a missing key is reported.
    place: Span,
    entries: Vec<Entry<'t>>,
    asked: Vec<&'static str>,
    /// Whether a merge key hides what is there.
    merged: bool,
}

impl<'t> Fields<'t> {
    /// The value of a key; `None` if it is not there.
    pub fn take(&mut self, key: &'static str) -> Option<Value<'t>> {
        self.asked.push(key);
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        let entry = self.entries.remove(index);
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Some(Value { node: entry.node, path, key: entry.key_span, repeated: entry.repeated })
    }

    /// Whether keys may be there that can't be seen.
    pub fn is_opaque(&self) -> bool {
        self.merged
    }
}

impl<'t> Decoder<'t> {
    /// Adds a finding.
    pub fn find(
        &mut self,
        code: &'static Code,
        span: Span,
        text: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(|| self.text.finding(code, span, text, help));
    }

    /// That a value is of another type than expected.
    pub fn wrong_type(&mut self, value: &Value<'t>, expected: &str, help: &str) {
        self.wrong_type_as(&code::WRONG_TYPE, value, expected, help);
    }

    fn wrong_type_as(&mut self, code: &'static Code, value: &Value<'t>, expected: &str, help: &str) {
        let found = match &value.node.kind {
            Kind::Unreadable => return, // a finding speaks of it already
            kind => describe(kind),
        };
        let help = match &value.node.kind {
            Kind::Scalar(text, ScalarStyle::Plain) if help.is_empty() && text.is_empty() => {
                "write a value, or leave the key out"
            }
            _ => help,
        };
        let text = format!("`{}` must be {expected}, not {found}", value.path);
        self.find(code, value.node.span, text, help);
    }

    /// The fields of a mapping.
    pub fn fields(&mut self, value: &Value<'t>) -> Option<Fields<'t>> {
        let Kind::Mapping(pairs) = &value.node.kind else {
            self.wrong_type(value, "a mapping", "");
            return None;
        };
        let merged = pairs.iter().any(|(key, _)| is_merge(&self.tree.node(*key).kind));
        let entries = self.entries(pairs, &value.path, |key| key.into());
        Some(Fields { path: value.path.clone(), place: value.key, entries, asked: Vec::new(), merged })
    }

    /// The entries of a mapping without those whose key comes again, as `same` sees keys.
    pub fn entries<'k>(
        &mut self,
        pairs: &'t [(usize, usize)],
        path: &str,
        same: impl Fn(&'t str) -> std::borrow::Cow<'k, str>,
    ) -> Vec<Entry<'t>> {
        let mut first = std::collections::HashMap::new();
        let mut entries: Vec<Entry<'t>> = Vec::new();
        for (key, value) in pairs {
            let key = self.tree.node(*key);
            let Some(text) = self.key(key, path) else { continue };
            match first.entry(same(text).into_owned()) {
                std::collections::hash_map::Entry::Vacant(vacant) => {
                    vacant.insert(entries.len());
                    let node = self.tree.node(*value);
                    entries.push(Entry { key: text, key_span: key.span, node, repeated: false });
                }
                std::collections::hash_map::Entry::Occupied(occupied) => {
                    let Some(earlier) = entries.get_mut(*occupied.get()) else { continue };
                    earlier.repeated = true;
                    let line = earlier.key_span.line;
                    let message = format!("the key {} is already set in line {line}", backquoted(text));
                    self.find(&code::DUPLICATE_KEY, key.span, message, "keep one of them");
                }
            }
        }
        entries
    }

    /// The text of a key, unless it is none.
    fn key(&mut self, key: &'t Node<'t>, path: &str) -> Option<&'t str> {
        match &key.kind {
            Kind::Unreadable => None,
            kind if is_merge(kind) => {
                let text = "the merge key `<<` is not supported: YAML 1.2 has none";
                let help = "write the keys out, or give a whole value an anchor and refer to that, as in \
                            `xssRules: *shared`";
                self.find(&code::MERGE_KEY, key.span, text, help);
                None
            }
            Kind::Scalar(text, _) if text.len() <= MAX_STRING => Some(text),
            Kind::Scalar(..) => {
                self.too_long(key.span, "a key");
                None
            }
            kind => {
                let place = if path.is_empty() { "the document".to_owned() } else { format!("`{path}`") };
                let text = format!("a key in {place} must be a string, not {}", describe(kind));
                self.find(&code::WRONG_TYPE, key.span, text, "");
                None
            }
        }
    }

    /// A value that every policy has.
    pub fn required(
        &mut self,
        fields: &mut Fields<'t>,
        key: &'static str,
        example: &str,
    ) -> Option<Value<'t>> {
        let value = fields.take(key);
        if value.is_none() && !fields.merged {
            let place = if fields.path.is_empty() { "the document" } else { &format!("`{}`", fields.path) };
            let text = format!("{place} has no `{key}`");
            self.find(&code::MISSING_FIELD, fields.place, text, format!("add `{example}`"));
        }
        value
    }

    /// Ends reading a mapping: what is left was asked for by nobody.
    pub fn finish(&mut self, fields: Fields<'t>) {
        let Fields { path, entries, asked, .. } = fields;
        let place = if path.is_empty() { "the document" } else { &format!("`{}`", path) };
        for entry in entries {
            self.findings.push(|| {
                let text = format!("{place} has no key {}", backquoted(entry.key));
                let help = match closest(entry.key, asked.iter().copied()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("known keys: {}", asked.join(", ")),
                };
                self.text.finding(&code::UNKNOWN_KEY, entry.key_span, text, help)
            });
        }
    }

    /// A string.
    pub fn string(&mut self, value: &Value<'t>) -> Option<Spanned<String>> {
        self.string_or(&code::WRONG_TYPE, value)
    }

    /// A string; another type is a finding of this code.
    pub fn string_or(&mut self, code: &'static Code, value: &Value<'t>) -> Option<Spanned<String>> {
        let text = match &value.node.kind {
            Kind::Scalar(text, ScalarStyle::Plain) => match resolve(text) {
                Resolved::String => text,
                Resolved::Null => {
                    self.wrong_type_as(code, value, "a string", "");
                    return None;
                }
                _ => {
                    self.wrong_type_as(code, value, "a string", &format!("quote it: `{}`", quoted(text)));
                    return None;
                }
            },
            Kind::Scalar(text, _) => text,
            _ => {
                self.wrong_type_as(code, value, "a string", "");
                return None;
            }
        };
        if text.len() > MAX_STRING {
            self.too_long(value.node.span, &format!("`{}`", value.path));
            return None;
        }
        Some(Spanned::new(text.to_string(), value.node.span))
    }

    fn too_long(&mut self, span: Span, what: &str) {
        let text = format!("{what} is longer than {MAX_STRING} bytes");
        self.find(&code::TOO_LONG, span, text, "shorten it");
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: &Value<'t>) -> Option<bool> {
        let help = match &value.node.kind {
            Kind::Scalar(text, style) => match (style, resolve(text)) {
                (ScalarStyle::Plain, Resolved::Bool(boolean)) => return Some(boolean),
                (_, Resolved::Bool(boolean)) => format!("drop the quotes: `{boolean}`"),
                _ if ["yes", "on"].iter().any(|yes| text.eq_ignore_ascii_case(yes)) => "write `true`".into(),
                _ if ["no", "off"].iter().any(|no| text.eq_ignore_ascii_case(no)) => "write `false`".into(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        self.wrong_type(value, "`true` or `false`", &help);
        None
    }

    /// A whole number.
    pub fn number(&mut self, value: &Value<'t>) -> Option<Spanned<u32>> {
        let Kind::Scalar(text, style) = &value.node.kind else {
            self.wrong_type(value, "a whole number", "");
            return None;
        };
        match whole(text) {
            Ok(number) if *style == ScalarStyle::Plain => return Some(Spanned::new(number, value.node.span)),
            Ok(_) => self.wrong_type(value, "a whole number", &format!("drop the quotes: `{text}`")),
            Err(NotWhole::Other) => self.wrong_type(value, "a whole number", ""),
            Err(why) => {
                let why = if why == NotWhole::Negative { "below 0" } else { "above 4294967295" };
                let text = format!("`{}` can't be {}: it is {why}", value.path, backquoted(text));
                self.find(&code::OUT_OF_RANGE, value.node.span, text, "");
            }
        }
        None
    }

    /// The entries of a list.
    pub fn list(&mut self, value: &Value<'t>, expected: &str) -> Option<Vec<Value<'t>>> {
        let Kind::Sequence(items) = &value.node.kind else {
            self.wrong_type(value, expected, "");
            return None;
        };
        if items.len() > MAX_ITEMS {
            let text = format!("`{}` has {} entries; at most {MAX_ITEMS} are read", value.path, items.len());
            self.find(&code::TOO_MANY_ITEMS, value.key, text, "");
            return None;
        }
        let item = |(index, id): (usize, &usize)| {
            let node = self.tree.node(*id);
            Value { node, path: format!("{}[{index}]", value.path), key: node.span, repeated: false }
        };
        Some(items.iter().enumerate().map(item).collect())
    }
}

fn is_merge(kind: &Kind<'_>) -> bool {
    matches!(kind, Kind::Scalar(text, ScalarStyle::Plain) if text == "<<")
}

/// A node as messages name it.
fn describe(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Sequence(_) => "a list".to_owned(),
        Kind::Mapping(_) => "a mapping".to_owned(),
        Kind::Unreadable => "something unreadable".to_owned(),
        Kind::Scalar(text, ScalarStyle::Plain) => match resolve(text) {
            Resolved::Null if text.is_empty() => "empty".to_owned(),
            Resolved::Null => "null".to_owned(),
            Resolved::Bool(boolean) => format!("the boolean `{boolean}`"),
            Resolved::Integer | Resolved::Float => format!("the number {}", backquoted(text)),
            Resolved::String => format!("the string {}", backquoted(text)),
        },
        Kind::Scalar(text, _) => format!("the string {}", backquoted(text)),
    }
}
