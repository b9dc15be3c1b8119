//! Directives as somebody wrote them, each name and source with its place: what documents and headers are read into.

use crate::finding::{Span, Spanned};

/// `cspDirectives`, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directives(pub Vec<Directive>);

impl Directives {
    /// The first directive of that name, in any case of letters.
    pub fn get(&self, name: &str) -> Option<&Directive> {
        self.0.iter().find(|directive| directive.name.eq_ignore_ascii_case(name))
    }
}

/// One directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its name as written.
    pub name: Spanned<String>,
    /// Its value.
    pub value: DirectiveValue,
}

/// What a directive is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectiveValue {
    /// `true`: the directive takes no value.
    Flag(Span),
    /// A string or a list, cut at white space: the same sources are the same value.
    Sources(Vec<Spanned<String>>),
}

impl Directive {
    /// The sources; none for a flag.
    pub fn sources(&self) -> &[Spanned<String>] {
        match &self.value {
            DirectiveValue::Flag(_) => &[],
            DirectiveValue::Sources(sources) => sources,
        }
    }
}
