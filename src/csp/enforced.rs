//! One policy as a browser enforces it, and whether it lets a page do something.
//!
//! Between what was written and what is enforced lies what browsers ignore: unknown directives, a second directive of
//! the same name, and one with a character outside ASCII in its value.

use url::Url;

use super::directive::{self, Grammar};
use super::list::{Code, SourceList};
use super::matching::Request;
use super::source::Keyword;
use super::written::{Directive, Directives};

/// Something that a page tries to do.
#[derive(Debug, Clone, Copy)]
pub enum Attempt<'u> {
    /// To run or apply code that is written in it, without a nonce or a hash that a policy could know.
    Inline(Inline),
    /// To run a string as script: `eval`, `new Function`, `setTimeout` with a string.
    Eval,
    /// To compile WebAssembly.
    Wasm,
    /// To load something.
    Load(Destination, &'u Url),
    /// To send a form.
    Submit(&'u Url),
    /// To set its base URL.
    Base(&'u Url),
    /// To put a plain string into a DOM sink such as `innerHTML`.
    Sink,
}

/// Code within a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inline {
    /// `<script>…</script>`.
    Script,
    /// `onclick="…"`.
    EventHandler,
    /// `<style>…</style>`.
    Style,
    /// `style="…"`.
    StyleAttribute,
}

/// What is loaded, by who asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// `<script src>`, put there by the parser.
    Script,
    /// `<link rel=stylesheet>`.
    Style,
    /// Images.
    Image,
    /// `fetch`, `XMLHttpRequest`, `WebSocket`, `EventSource`, beacons.
    Connection,
    /// `<iframe>`.
    Frame,
    /// `<object>` and `<embed>`.
    Object,
    /// Fonts.
    Font,
    /// `new Worker`.
    Worker,
}

impl Inline {
    const fn directive(self) -> &'static str {
        match self {
            Self::Script => "script-src-elem",
            Self::EventHandler => "script-src-attr",
            Self::Style => "style-src-elem",
            Self::StyleAttribute => "style-src-attr",
        }
    }

    const fn code(self) -> Code {
        match self {
            Self::Script | Self::EventHandler => Code::Script,
            Self::Style | Self::StyleAttribute => Code::Style,
        }
    }
}

impl Destination {
    const fn directive(self) -> &'static str {
        match self {
            Self::Script => "script-src-elem",
            Self::Style => "style-src-elem",
            Self::Image => "img-src",
            Self::Connection => "connect-src",
            Self::Frame => "frame-src",
            Self::Object => "object-src",
            Self::Font => "font-src",
            Self::Worker => "worker-src",
        }
    }
}

/// One policy as it is enforced.
#[derive(Debug, Clone)]
pub struct Enforced<'p> {
    lists: Vec<(&'static str, SourceList<'p>)>,
    sandbox: Option<Vec<&'p str>>,
    trusted_types: bool,
}

impl<'p> Enforced<'p> {
    /// What remains of a policy.
    pub fn new(directives: &'p Directives) -> Self {
        let mut enforced = Self { lists: Vec::new(), sandbox: None, trusted_types: false };
        let mut seen: Vec<&str> = Vec::new();
        for directive in &directives.0 {
            let Some(info) = directive::lookup(&directive.name) else { continue };
            if seen.contains(&info.name) {
                continue;
            }
            seen.push(info.name);
            if directive.sources().iter().all(|word| word.bytes().all(|b| b.is_ascii_graphic())) {
                enforced.add(info.name, info.grammar, directive);
            }
        }
        enforced
    }

    fn add(&mut self, name: &'static str, grammar: Grammar, directive: &'p Directive) {
        let words = || directive.sources().iter().map(|word| word.as_str());
        match grammar {
            Grammar::SourceList | Grammar::AncestorSourceList => {
                self.lists.push((name, SourceList::read(directive, grammar)));
            }
            Grammar::SandboxTokens => self.sandbox = Some(words().collect()),
            Grammar::SinkGroups => self.trusted_types = words().any(|word| word == "'script'"),
            _ => {}
        }
    }

    /// The list that decides for a directive: its own, or that of the first fallback that is there (CSP3 §6.8.3).
    fn governing(&self, name: &str) -> Option<&SourceList<'p>> {
        let fallbacks = directive::lookup(name).map_or(&[][..], |info| info.fallbacks);
        std::iter::once(name)
            .chain(fallbacks.iter().copied())
            .find_map(|name| self.lists.iter().find(|(other, _)| *other == name).map(|(_, list)| list))
    }

    fn sandboxed(&self, token: &str) -> bool {
        self.sandbox.as_ref().is_some_and(|tokens| !tokens.iter().any(|t| t.eq_ignore_ascii_case(token)))
    }

    /// Whether it lets a page do it.
    pub fn permits(&self, page: &Url, attempt: Attempt<'_>) -> bool {
        let scripts = !self.sandboxed("allow-scripts");
        let matches = |name: &str, url| {
            self.governing(name).is_none_or(|list| list.matches(Request { page, url, redirected: false }))
        };
        match attempt {
            Attempt::Inline(inline) => {
                let list = self.governing(inline.directive());
                (scripts || inline.code() == Code::Style)
                    && list.is_none_or(|list| list.allows_all_inline(inline.code()))
            }
            Attempt::Eval => {
                let list = self.governing("script-src");
                scripts && !self.trusted_types && list.is_none_or(|list| list.has(Keyword::UnsafeEval))
            }
            Attempt::Wasm => {
                let list = self.governing("script-src");
                scripts
                    && list
                        .is_none_or(|list| list.has(Keyword::UnsafeEval) || list.has(Keyword::WasmUnsafeEval))
            }
            Attempt::Load(destination @ Destination::Script, url) => {
                let list = self.governing(destination.directive());
                scripts
                    && list.is_none_or(|list| !list.has(Keyword::StrictDynamic))
                    && matches(destination.directive(), url)
            }
            Attempt::Load(destination @ Destination::Worker, url) => {
                let list = self.governing(destination.directive());
                scripts
                    && !self.sandboxed("allow-same-origin")
                    && !self.trusted_types
                    && (list.is_some_and(|list| list.has(Keyword::StrictDynamic))
                        || matches(destination.directive(), url))
            }
            Attempt::Load(destination, url) => matches(destination.directive(), url),
            Attempt::Submit(url) => !self.sandboxed("allow-forms") && matches("form-action", url),
            Attempt::Base(url) => matches("base-uri", url),
            Attempt::Sink => !self.trusted_types,
        }
    }
}
