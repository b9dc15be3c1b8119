//! `cspDirectives`: values cut into sources with their places, and what YAML did to them undone in words.

use saphyr_parser::ScalarStyle;

use super::code;
use super::fields::{Decoder, MAX_ITEMS, Value};
use super::scalar::{Resolved, resolve};
use super::text::{corrected, quoted};
use super::tree::Kind;
use crate::csp::{Directive, DirectiveValue, Directives, Keyword, source};
use crate::finding::{Finding, Fix, Span, Spanned};
use crate::printable::backquoted;

/// The most directives.
pub const MAX_DIRECTIVES: usize = 200;

/// Keywords of one directive alone.
const KEYWORDS_OF: &[(&str, &[&str])] = &[
    ("require-trusted-types-for", &["script"]),
    ("trusted-types", &["allow-duplicates"]),
    ("webrtc", &["allow", "block"]),
];

/// One directive while it is read: its name, and how its values have to be written.
struct Context<'t> {
    name: &'t str,
    value: Value<'t>,
}

impl<'t> Decoder<'t> {
    /// The directives, in the order of the file.
    pub fn directives(&mut self, value: &Value<'t>) -> Directives {
        let Kind::Mapping(pairs) = &value.node.kind else {
            self.wrong_type(value, "a mapping from directives to their values", "");
            return Directives::default();
        };
        if pairs.len() > MAX_DIRECTIVES {
            let text =
                format!("`{}` has {} directives; at most {MAX_DIRECTIVES} are read", value.path, pairs.len());
            self.find(&code::TOO_MANY_ITEMS, value.key, text, "");
            return Directives::default();
        }
        let entries = self.entries(pairs, &value.path, |name| name.to_ascii_lowercase().into());
        let mut directives = Vec::with_capacity(entries.len());
        for entry in entries {
            if !self.is_directive_name(entry.key, entry.key_span) {
                continue;
            }
            let path = format!("{}.{}", value.path, entry.key);
            let value = Value { node: entry.node, path, key: entry.key_span, repeated: false };
            let context = Context { name: entry.key, value };
            if let Some(value) = self.directive_value(&context) {
                directives
                    .push(Directive { name: Spanned::new(entry.key.to_owned(), entry.key_span), value });
            }
        }
        Directives(directives)
    }

    /// Whether a name is one; says so otherwise.
    fn is_directive_name(&mut self, name: &str, span: Span) -> bool {
        if is_name(name) {
            return true;
        }
        let meant = name.trim().replace(['_', ' '], "-");
        let help = if is_name(&meant) { format!("did you mean `{meant}`?") } else { String::new() };
        let text =
            format!("{} is not the name of a directive: letters, digits and hyphens only", backquoted(name));
        self.find(&code::DIRECTIVE_NAME, span, text, help);
        false
    }

    fn directive_value(&mut self, context: &Context<'t>) -> Option<DirectiveValue> {
        let value = &context.value;
        match &value.node.kind {
            Kind::Scalar(text, ScalarStyle::Plain) if resolve(text) == Resolved::Bool(true) => {
                Some(DirectiveValue::Flag(value.node.span))
            }
            Kind::Scalar(text, ScalarStyle::Plain) if resolve(text) != Resolved::String => {
                self.no_value(context, text);
                None
            }
            Kind::Scalar(..) => self.sources(context, value).map(DirectiveValue::Sources),
            Kind::Sequence(_) => {
                let items = self.list(value, "a list of sources")?;
                let sources = items.iter().filter_map(|item| self.sources(context, item)).flatten();
                Some(DirectiveValue::Sources(sources.collect()))
            }
            Kind::Mapping(_) => {
                if !self.split_at_colon(context, value) {
                    self.wrong_type(value, "a string, a list of strings, or `true`", "");
                }
                None
            }
            Kind::Unreadable => None,
        }
        .filter(|value| self.is_short(context, value))
    }

    fn is_short(&mut self, context: &Context<'t>, value: &DirectiveValue) -> bool {
        let count = match value {
            DirectiveValue::Flag(_) => 0,
            DirectiveValue::Sources(sources) => sources.len(),
        };
        if count > MAX_ITEMS {
            let text = format!("`{}` has {count} sources; at most {MAX_ITEMS} are read", context.value.path);
            self.find(&code::TOO_MANY_ITEMS, context.value.key, text, "");
        }
        count <= MAX_ITEMS
    }

    /// That a directive is set to false, null or a number.
    fn no_value(&mut self, context: &Context<'t>, written: &str) {
        let name = context.name;
        let help = match resolve(written) {
            Resolved::Bool(_) => format!("leave `{name}` out to not set it"),
            Resolved::Null => "write its sources, or `true` if it takes none".to_owned(),
            _ => format!("quote it: `{name}: {}`", quoted(written)),
        };
        let found = if written.is_empty() { "nothing".to_owned() } else { backquoted(written) };
        let text = format!("the directive `{name}` can't be set to {found}");
        let (empty, node) = (written.is_empty(), context.value.node);
        let span = if empty { context.value.key } else { node.span };
        self.find(&code::DIRECTIVE_VALUE, span, text, help);
    }

    /// The sources in one string.
    fn sources(&mut self, context: &Context<'t>, value: &Value<'t>) -> Option<Vec<Spanned<String>>> {
        if self.split_at_colon(context, value) {
            return None;
        }
        let text = self.string(value)?;
        if lacks_quotes(context.name, &text) {
            self.taken_quotes(context, value, &text);
            return None;
        }
        Some(self.cut(value, &text))
    }

    fn taken_quotes(&mut self, context: &Context<'t>, value: &Value<'t>, text: &str) {
        let text = text.trim();
        let message = match &value.node.kind {
            Kind::Scalar(_, ScalarStyle::Plain) => {
                format!("without single quotes {} is no keyword to a browser", backquoted(text))
            }
            _ => format!(
                "YAML takes these quotes, and without them {} is no keyword to a browser",
                backquoted(text)
            ),
        };
        let help = self.corrected(context, value, &format!("'{text}'"));
        let fix = self.fix(
            value.node.span,
            |written| written.trim_matches(['\'', '"']) == text,
            &format!("'{text}'"),
        );
        let finding = self.text.finding(&code::TAKEN_QUOTES, value.node.span, message, help);
        self.findings.push(|| Finding { fix, ..finding });
    }

    /// Says so where a source with a colon became a mapping; tells whether it did.
    fn split_at_colon(&mut self, context: &Context<'t>, value: &Value<'t>) -> bool {
        let Kind::Mapping(pairs) = &value.node.kind else { return false };
        let [(key, rest)] = pairs.as_slice() else { return false };
        let (key, rest) = (self.tree.node(*key), self.tree.node(*rest));
        let rest_span = rest.span;
        let (Kind::Scalar(key_text, _), Kind::Scalar(rest, style)) = (&key.kind, &rest.kind) else {
            return false;
        };
        let source = match (rest.as_ref(), style) {
            ("", _) => format!("{key_text}:"),
            (rest, ScalarStyle::SingleQuoted) => format!("{key_text}: '{rest}'"),
            (rest, _) if rest.starts_with("//") => format!("{key_text}:{rest}"),
            (rest, _) => format!("{key_text}: {rest}"),
        };
        let text = format!("YAML reads the colon in {} as the end of a key", backquoted(&source));
        let help = self.corrected(context, value, &source);
        let (first, last) = (key.span, if rest.is_empty() { key.span } else { rest_span });
        let colon = u32::from(rest.is_empty());
        let end = last.column.saturating_add(last.width).saturating_add(colon);
        let whole = Span { width: end.saturating_sub(first.column), ..first };
        let same = |written: &str| first.line == last.line && words(written).eq(words(&source));
        let fix = self.fix(whole, same, &source);
        let finding = self.text.finding(&code::SPLIT_AT_COLON, key.span, text, help);
        self.findings.push(|| Finding { fix, ..finding });
        true
    }

    /// A source in double quotes in place of what is written, where that is what it was made of.
    fn fix(&self, span: Span, is_made_of: impl Fn(&str) -> bool, source: &str) -> Option<Fix> {
        let bytes = self.text.bytes(span);
        let written = self.text.as_str().get(bytes.clone()).filter(|written| is_made_of(written));
        written.map(|_| self.text.edit(&bytes, quoted(source)).into())
    }

    /// How a source has to be written, with the dash or the name before it where that is all there is.
    fn corrected(&self, context: &Context<'t>, value: &Value<'t>, source: &str) -> String {
        let before = self.text.before(value.node.span.line, value.node.offset).trim();
        let lead = match before {
            "-" => "- ".to_owned(),
            "" if std::ptr::eq(value.node, context.value.node) => format!("{}: ", context.name),
            before if before.trim_end_matches(':') == context.name => format!("{}: ", context.name),
            _ => String::new(),
        };
        corrected(&lead, source)
    }

    /// Cuts a string at white space. A source's place is known where the string stands in one line as it is.
    fn cut(&self, value: &Value<'t>, text: &str) -> Vec<Spanned<String>> {
        let Span { line, column, .. } = value.node.span;
        let quote = usize::from(matches!(
            value.node.kind,
            Kind::Scalar(_, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)
        ));
        let written = self.text.as_str().get(value.node.offset + quote..).unwrap_or_default();
        let verbatim = written.starts_with(text) && !text.contains('\n');
        let (mut sources, mut byte, mut character) = (Vec::new(), 0, column as usize + quote);
        for source in text.split_ascii_whitespace() {
            // Each begins behind the one before it, so the text is walked through once.
            let rest = text.get(byte..).unwrap_or_default();
            let start = rest.find(source).unwrap_or(0);
            character += rest.get(..start).unwrap_or_default().chars().count();
            let width = source.chars().count();
            let span =
                if verbatim { self.text.clamped(line as usize, character, width) } else { value.node.span };
            sources.push(Spanned::new(source.to_owned(), span));
            character += width;
            byte += start + source.len();
        }
        sources
    }
}

/// Whether a text has the characters of a directive's name (CSP Level 3 §2.2).
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The characters of a text that are no white space.
fn words(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|character| !character.is_ascii_whitespace())
}

/// Whether a text is a keyword or an expression that CSP knows in single quotes alone.
pub fn lacks_quotes(directive: &str, text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    if text.contains(|character: char| character.is_ascii_whitespace()) || directive == "report-to" {
        return false;
    }
    let own = KEYWORDS_OF.iter().find(|(name, _)| name.eq_ignore_ascii_case(directive));
    Keyword::from_name(&text).is_some()
        || own.is_some_and(|(_, words)| words.contains(&text.as_str()))
        || source::is_prefixed(&text)
}
