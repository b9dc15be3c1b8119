//! One policy as a browser enforces it, and whether it lets a page do something.
//!
//! Between what is written and what is enforced lies what browsers ignore: unknown directives, a second directive of
//! the same name, and one whose value has a character that can't be printed in ASCII. `upgrade-insecure-requests` and
//! `block-all-mixed-content` are not here: they speak of `http:` within a page of `https:`, where every browser by now
//! does without being told what they ask for.

use url::Url;

use super::directive::{self, Grammar};
use super::list::{Code, SourceList};
use super::matching::Request;
use super::source::Keyword;
use super::written::{Directive, Directives};

/// Something that a page tries to do, or that somebody does who could write into it: hence no attempt has a nonce, or
/// a hash that a policy lists.
#[derive(Debug, Clone, Copy)]
pub enum Attempt<'u> {
    /// To run or apply code that is written in the page.
    Inline(Inline),
    /// To load something.
    Load(Destination, &'u Url),
    /// To start a worker from a URL that is given as a string.
    StartWorker(&'u Url),
    /// To run a string as script: `eval`, `new Function`, `setTimeout`.
    Eval,
    /// To compile WebAssembly.
    CompileWasm,
    /// To put a string into a DOM sink such as `innerHTML`.
    FillSink,
    /// To send a form.
    SubmitForm(&'u Url),
    /// To set the page's base URL.
    SetBase(&'u Url),
}

/// Code that is written in a page.
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

/// What is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// `<script src>`, as the parser finds it in the page.
    Script,
    /// `<link rel=stylesheet>`.
    Style,
    /// Images.
    Image,
    /// `fetch`, `XMLHttpRequest`, `WebSocket`, `EventSource`, beacons.
    Connection,
    /// `<iframe>`.
    Frame,
    /// A page or a plugin in `<object>` or `<embed>`.
    Object,
    /// Fonts.
    Font,
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
    /// Each of them has to allow it. An object is a frame too as soon as it shows a page, and what it shows is not
    /// known before it is loaded: Chromium asks both.
    const fn directives(self) -> &'static [&'static str] {
        match self {
            Self::Script => &["script-src-elem"],
            Self::Style => &["style-src-elem"],
            Self::Image => &["img-src"],
            Self::Connection => &["connect-src"],
            Self::Frame => &["frame-src"],
            Self::Object => &["object-src", "frame-src"],
            Self::Font => &["font-src"],
        }
    }
}

/// One policy as it is enforced.
#[derive(Debug, Clone, Default)]
pub struct Enforced<'p> {
    lists: Vec<(&'static str, SourceList<'p>)>,
    /// The tokens of `sandbox`, if it is there.
    sandbox: Option<Vec<&'p str>>,
    /// Whether `require-trusted-types-for 'script'` is there.
    trusted_types: bool,
}

impl<'p> Enforced<'p> {
    /// What a browser keeps of a policy.
    pub fn new(directives: &'p Directives) -> Self {
        let mut enforced = Self::default();
        let mut seen = Vec::new();
        for directive in &directives.0 {
            let Some(info) = directive::lookup(&directive.name) else { continue };
            if seen.contains(&info.name) {
                continue;
            }
            // A name counts as seen even where its value is then thrown away.
            seen.push(info.name);
            if words(directive).all(|word| word.bytes().all(|byte| byte.is_ascii_graphic())) {
                enforced.add(info.name, info.grammar, directive);
            }
        }
        enforced
    }

    /// Whether it forbids anything at all.
    pub fn restricts(&self) -> bool {
        !self.lists.is_empty() || self.sandbox.is_some() || self.trusted_types
    }

    fn add(&mut self, name: &'static str, grammar: Grammar, directive: &'p Directive) {
        match grammar {
            Grammar::SourceList => self.lists.push((name, SourceList::read(directive))),
            Grammar::SandboxTokens => self.sandbox = Some(words(directive).collect()),
            // Chromium knows it in lower case only.
            Grammar::SinkGroups => self.trusted_types = words(directive).any(|word| word == "'script'"),
            // Who may frame the page, where reports go, which Trusted Types policies may be made: no attempt is about
            // these.
            _ => {}
        }
    }

    /// The list that decides for a directive: its own, or that of the first of its fallbacks that is there (CSP3
    /// §6.8.3). `None` means that nothing is restricted.
    fn governing(&self, name: &str) -> Option<&SourceList<'p>> {
        let own = |name: &str| self.lists.iter().find(|(other, _)| *other == name).map(|(_, list)| list);
        own(name).or_else(|| directive::lookup(name)?.fallbacks.iter().find_map(|name| own(name)))
    }

    fn sandboxed_without(&self, token: &str) -> bool {
        let without = |tokens: &Vec<&str>| !tokens.iter().any(|other| other.eq_ignore_ascii_case(token));
        self.sandbox.as_ref().is_some_and(without)
    }

    /// Whether it lets a page do something.
    ///
    /// What only a script can do (evaluate, compile, fill a sink, connect, start a worker) is asked of a script that runs:
    /// in a sandbox without `allow-scripts` none does, yet `connect-src` is as wide as it is.
    pub fn permits(&self, page: &Url, attempt: Attempt<'_>) -> bool {
        match attempt {
            Attempt::Inline(inline) => self.permits_inline(inline),
            Attempt::Load(destination, url) => {
                let script = destination == Destination::Script;
                // The parser's scripts are not those that 'strict-dynamic' trusts, and it makes URLs count for nothing.
                !(script && (self.sandboxed_without("allow-scripts") || self.dynamic(destination)))
                    && destination.directives().iter().all(|name| self.matches(name, page, url))
            }
            Attempt::StartWorker(url) => {
                let dynamic =
                    self.governing("worker-src").is_some_and(|list| list.has(Keyword::StrictDynamic));
                // An origin of its own, as a sandbox gives it, has no workers but those of blob: and data: URLs.
                !self.sandboxed_without("allow-same-origin")
                    && !self.trusted_types
                    && (dynamic || self.matches("worker-src", page, url))
            }
            // 'trusted-types-eval' is for what Trusted Types made, not for strings.
            Attempt::Eval => !self.trusted_types && self.script_src_has(&[Keyword::UnsafeEval]),
            Attempt::CompileWasm => self.script_src_has(&[Keyword::UnsafeEval, Keyword::WasmUnsafeEval]),
            Attempt::FillSink => !self.trusted_types,
            Attempt::SubmitForm(url) => {
                !self.sandboxed_without("allow-forms") && self.matches("form-action", page, url)
            }
            Attempt::SetBase(url) => self.matches("base-uri", page, url),
        }
    }

    fn permits_inline(&self, inline: Inline) -> bool {
        let code = inline.code();
        let runs = code == Code::Style || !self.sandboxed_without("allow-scripts");
        runs && self.governing(inline.directive()).is_none_or(|list| list.allows_all_inline(code))
    }

    fn dynamic(&self, destination: Destination) -> bool {
        let mut lists = destination.directives().iter().filter_map(|name| self.governing(name));
        lists.any(|list| list.has(Keyword::StrictDynamic))
    }

    /// Whether `script-src`, if it is there, has one of the keywords.
    fn script_src_has(&self, keywords: &[Keyword]) -> bool {
        self.governing("script-src").is_none_or(|list| keywords.iter().any(|keyword| list.has(*keyword)))
    }

    fn matches(&self, name: &str, page: &Url, url: &Url) -> bool {
        let request = Request { page, url, redirected: false };
        self.governing(name).is_none_or(|list| list.matches(request))
    }
}

fn words(directive: &Directive) -> impl Iterator<Item = &str> {
    directive.sources().iter().map(|word| word.as_str())
}
