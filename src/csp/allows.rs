//! What policies really allow: a fixed list of questions about a page at `https://site.example`.
//!
//! Each question is one example of what [`super::enforced`] decides for any attempt. Of several policies a page has to
//! satisfy each, so that every further policy can only take away.
//!
//! The engine is our own, and not the Servo project's `content-security-policy`: that crate keeps no place of what it
//! reads, parses a source anew (with a regular expression) whenever it is asked, follows the text where browsers part
//! from it, and would bring a second generation of `sha2` and `base64`. As an oracle it is welcome: the tests hold both to
//! the same answers, with the differences listed.
//!
//! One kind of answers measured in Chromium is not ours: in a sandbox without `allow-scripts` it still fetches external
//! scripts, which then never run. To us they are not allowed.

use std::sync::LazyLock;

use serde::ser::{Serialize, SerializeMap, Serializer};
use url::Url;

use super::enforced::{Attempt, Destination, Enforced, Inline};
use super::written::Directives;

macro_rules! questions {
    ($($variant:ident = $name:literal, $describes:literal;)*) => {
        /// A question about a page at `https://site.example`; *evil* is `https://evil.example`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Question {
            $(#[doc = concat!("Whether ", $describes, ".")] $variant,)*
        }

        impl Question {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in JSON.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What a yes means, for people.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $describes,)*
                }
            }
        }
    };
}

questions! {
    InlineScript = "inlineScript", "inline scripts run";
    AttrHandler = "attrHandler", "event handlers in attributes run";
    Eval = "eval", "strings run as scripts (eval)";
    Wasm = "wasm", "WebAssembly is compiled";
    ExtScriptSelf = "extScriptSelf", "scripts load from the page's own origin";
    ExtScriptEvil = "extScriptEvil", "scripts load from any other site";
    ExtScriptData = "extScriptData", "scripts load from data: URLs";
    InlineStyle = "inlineStyle", "inline style sheets apply";
    StyleAttr = "styleAttr", "style attributes apply";
    StyleEvil = "styleEvil", "style sheets load from any other site";
    ImgEvil = "imgEvil", "images load from any other site";
    ConnectEvil = "connectEvil", "scripts connect to any other site";
    FrameEvil = "frameEvil", "frames show any other site";
    ObjectEvil = "objectEvil", "objects and plugins load from any other site";
    FontEvil = "fontEvil", "fonts load from any other site";
    WorkerSelf = "workerSelf", "workers start from the page's own origin";
    FormActionEvil = "formActionEvil", "forms are sent to any other site";
    BaseEvil = "baseEvil", "the base URL may be any other site";
    DomSinkString = "domSinkString", "plain strings reach DOM sinks such as innerHTML";
}

impl Question {
    fn attempt(self) -> Attempt<'static> {
        let Addresses { own, evil, data, .. } = &*ADDRESSES;
        match self {
            Self::InlineScript => Attempt::Inline(Inline::Script),
            Self::AttrHandler => Attempt::Inline(Inline::EventHandler),
            Self::Eval => Attempt::Eval,
            Self::Wasm => Attempt::CompileWasm,
            Self::ExtScriptSelf => Attempt::Load(Destination::Script, own),
            Self::ExtScriptEvil => Attempt::Load(Destination::Script, evil),
            Self::ExtScriptData => Attempt::Load(Destination::Script, data),
            Self::InlineStyle => Attempt::Inline(Inline::Style),
            Self::StyleAttr => Attempt::Inline(Inline::StyleAttribute),
            Self::StyleEvil => Attempt::Load(Destination::Style, evil),
            Self::ImgEvil => Attempt::Load(Destination::Image, evil),
            Self::ConnectEvil => Attempt::Load(Destination::Connection, evil),
            Self::FrameEvil => Attempt::Load(Destination::Frame, evil),
            Self::ObjectEvil => Attempt::Load(Destination::Object, evil),
            Self::FontEvil => Attempt::Load(Destination::Font, evil),
            Self::WorkerSelf => Attempt::StartWorker(own),
            Self::FormActionEvil => Attempt::SubmitForm(evil),
            Self::BaseEvil => Attempt::SetBase(evil),
            Self::DomSinkString => Attempt::FillSink,
        }
    }
}

/// The page and what it asks for.
struct Addresses {
    page: Url,
    own: Url,
    evil: Url,
    data: Url,
}

static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "constants, parsed in every test")]
    let parse = |url: &str| Url::parse(url).expect("a URL");
    Addresses {
        page: parse("https://site.example/"),
        own: parse("https://site.example/file"),
        evil: parse("https://evil.example/file"),
        data: parse("data:text/javascript,0"),
    }
});

/// The answer to every question: in JSON an object of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Allows([bool; Question::ALL.len()]);

impl Allows {
    /// What no policy leaves: everything.
    pub const EVERYTHING: Self = Self([true; Question::ALL.len()]);

    /// The answer to one question.
    pub const fn get(self, question: Question) -> bool {
        self.0[question as usize]
    }

    /// Every question with its answer.
    pub fn iter(self) -> impl Iterator<Item = (Question, bool)> {
        Question::ALL.iter().copied().zip(self.0)
    }
}

impl Serialize for Allows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (question, allowed) in self.iter() {
            map.serialize_entry(question.name(), &allowed)?;
        }
        map.end()
    }
}

/// What a page may do that has all of these policies: only what each of them allows.
pub fn allows(policies: &[Directives]) -> Allows {
    let mut allows = Allows::EVERYTHING;
    for enforced in policies.iter().map(Enforced::new).filter(Enforced::restricts) {
        for (allowed, question) in allows.0.iter_mut().zip(Question::ALL) {
            *allowed = *allowed && enforced.permits(&ADDRESSES.page, question.attempt());
        }
    }
    allows
}

#[cfg(test)]
mod tests;
