//! One document as a tree of marked nodes, built from the scanner's events, one at a time.
//!
//! Limits hold while reading: what is too deep is never built, and an alias is a second way to the same node that
//! is charged with everything it stands for. Nodes lie in one vector, so that neither building a tree nor dropping
//! it recurses.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput};

use super::findings::Findings;
use super::text::Text;
use super::{code, syntax};
use crate::finding::{Finding, Span};

/// How deep mappings and lists may be nested.
pub const MAX_DEPTH: usize = 32;
/// How many nodes a document may have, and a file's aliases may stand for.
pub const MAX_NODES: usize = 100_000;
/// How many bytes of text a file's aliases may stand for.
pub const MAX_ALIASED: usize = 1 << 20;

/// A node's place in its tree.
pub type NodeId = usize;

/// A node of a document.
#[derive(Debug)]
pub struct Node<'t> {
    /// What it is.
    pub kind: Kind<'t>,
    /// Where it begins; a scalar's whole first line.
    pub span: Span,
    /// The byte offset of its first character.
    pub offset: usize,
    /// What it counts for where an alias refers to it; `None` until it is complete.
    weight: Option<Weight>,
}

/// What a node is.
#[derive(Debug)]
pub enum Kind<'t> {
    /// A text and how it is written.
    Scalar(Cow<'t, str>, ScalarStyle),
    /// A list.
    Sequence(Vec<NodeId>),
    /// Keys and values in their order, repeated keys included.
    Mapping(Vec<(NodeId, NodeId)>),
    /// Something that a finding already speaks of.
    Unreadable,
}

/// How much a node and all below it are.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
}

impl Weight {
    fn plus(self, other: Self) -> Self {
        Self { nodes: self.nodes + other.nodes, bytes: self.bytes + other.bytes }
    }
}

/// A document's nodes.
#[derive(Debug)]
pub struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    root: Option<NodeId>,
    /// Whether reading stopped inside it.
    pub truncated: bool,
}

impl<'t> Tree<'t> {
    /// The outermost node; `None` for a document without content.
    pub fn root(&self) -> Option<&Node<'t>> {
        let root = self.nodes.get(self.root?)?;
        let empty = matches!(&root.kind, Kind::Scalar(text, ScalarStyle::Plain) if text.is_empty());
        (!empty).then_some(root)
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node<'t> {
        static NOTHING: Node<'static> =
            Node { kind: Kind::Unreadable, span: super::text::START, offset: 0, weight: None };
        self.nodes.get(id).unwrap_or(&NOTHING)
    }
}

/// Reads the trees of a file, one after the other.
pub struct Reader<'t> {
    text: &'t Text<'t>,
    parser: Parser<'t, StrInput<'t>>,
    /// What the aliases of the file stood for so far.
    aliased: Weight,
}

impl<'t> Reader<'t> {
    /// A reader at the beginning of a file.
    pub fn new(text: &'t Text<'t>) -> Self {
        Self { text, parser: Parser::new_from_str(text.as_str()), aliased: Weight::default() }
    }

    /// The next document, with at most `room` findings; `None` at the end of the file.
    ///
    /// # Errors
    /// What is wrong with the document, where it is not YAML. There is no next one then.
    pub fn next_tree(&mut self, room: usize) -> Result<Option<(Tree<'t>, Findings)>, Findings> {
        let mut builder = Builder::new(self.text, self.aliased, room);
        while let Some(event) = self.parser.next_event() {
            match event {
                Ok((Event::StreamEnd, _)) => return Ok(None),
                Ok((Event::DocumentEnd, _)) => {
                    self.aliased = builder.aliased;
                    return Ok(Some((builder.tree, builder.findings)));
                }
                Ok((event, span)) => builder.event(event, span),
                // The scanner goes on behind an alias that nothing answers to, so the rest is read too.
                Err(error) if syntax::is_unknown_anchor(&error) => builder.unknown_anchor(&error),
                Err(error) => return Err(builder.broken(&error)),
            }
        }
        Ok(None)
    }
}

/// A collection that is not complete yet.
struct Open {
    id: NodeId,
    key: Option<NodeId>,
    weight: Weight,
}

struct Builder<'t> {
    text: &'t Text<'t>,
    tree: Tree<'t>,
    findings: Findings,
    open: Vec<Open>,
    /// How many collections inside one that is too deep are open.
    skipped: usize,
    anchors: HashMap<usize, NodeId>,
    aliased: Weight,
}

impl<'t> Builder<'t> {
    fn new(text: &'t Text<'t>, aliased: Weight, room: usize) -> Self {
        Self {
            text,
            tree: Tree { nodes: Vec::new(), root: None, truncated: false },
            findings: Findings::new(room),
            open: Vec::new(),
            skipped: 0,
            anchors: HashMap::new(),
            aliased,
        }
    }

    fn event(&mut self, event: Event<'t>, span: saphyr_parser::Span) {
        if self.tree.truncated {
            return;
        }
        match event {
            Event::SequenceStart(anchor, tag) => {
                self.tagged(tag.is_some(), span.start);
                self.begin(Kind::Sequence(Vec::new()), anchor, span.start);
            }
            Event::MappingStart(anchor, tag) => {
                self.tagged(tag.is_some(), span.start);
                self.begin(Kind::Mapping(Vec::new()), anchor, span.start);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ if self.skipped > 0 => {}
            Event::Scalar(text, style, anchor, tag) => {
                self.tagged(tag.is_some(), span.start);
                self.scalar(text, style, anchor, span);
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
            Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
    }

    fn tagged(&mut self, tagged: bool, start: Marker) {
        if tagged && self.skipped == 0 {
            let help = "leave the tag out; quote the value where a string is meant";
            let text = self.text;
            let width = text.rest(start).chars().take_while(|character| !character.is_whitespace()).count();
            let span = text.span(start, width);
            self.findings.push(|| text.finding(&code::TAG, span, "a value has a YAML tag", help));
        }
    }

    fn scalar(&mut self, text: Cow<'t, str>, style: ScalarStyle, anchor: usize, span: saphyr_parser::Span) {
        let offset = self.text.offset(span.start.index());
        let end = self.text.offset(span.end.index());
        let raw = self.text.as_str().get(offset..end).unwrap_or_default();
        let place = self.text.span(span.start, written_width(raw, style));
        let weight = Weight { nodes: 1, bytes: text.len() };
        self.add(Node { kind: Kind::Scalar(text, style), span: place, offset, weight: Some(weight) }, anchor);
    }

    fn alias(&mut self, anchor: usize, span: saphyr_parser::Span) {
        let place = self.text.span(span.start, span.len());
        let Some(&id) = self.anchors.get(&anchor) else {
            return self.unreadable(span.start, |text| syntax::unknown_anchor(text, span.start));
        };
        let Some(weight) = self.tree.node(id).weight else {
            return self.unreadable(span.start, |text| {
                let message = "the alias stands inside the value that it refers to";
                text.finding(&code::RECURSIVE_ALIAS, place, message, "write out what is meant")
            });
        };
        let aliased = self.aliased.plus(weight);
        if aliased.nodes > MAX_NODES || aliased.bytes > MAX_ALIASED {
            return self.unreadable(span.start, |text| {
                let message = format!(
                    "with this alias, the file's aliases stand for more than {MAX_NODES} values or \
                     {MAX_ALIASED} bytes"
                );
                text.finding(&code::ALIAS_EXPANSION, place, message, "write out what is meant")
            });
        }
        self.aliased = aliased;
        self.attach(id, weight);
    }

    fn unknown_anchor(&mut self, error: &ScanError) {
        if !self.tree.truncated && self.skipped == 0 {
            let start = *error.marker();
            self.unreadable(start, |text| syntax::unknown_anchor(text, start));
        }
    }

    /// What is wrong with a document that ends in an error of the scanner.
    fn broken(mut self, error: &ScanError) -> Findings {
        syntax::explain(self.text, error, &mut self.findings);
        self.findings
    }

    fn begin(&mut self, kind: Kind<'t>, anchor: usize, start: Marker) {
        if self.skipped > 0 {
            self.skipped += 1;
        } else if self.open.len() >= MAX_DEPTH {
            self.skipped = 1;
            self.unreadable(start, |text| too_deep(text, start));
        } else {
            let node = Node {
                kind,
                span: self.text.span(start, 1),
                offset: self.text.offset(start.index()),
                weight: None,
            };
            if let Some(id) = self.add(node, anchor) {
                self.open.push(Open { id, key: None, weight: Weight { nodes: 1, bytes: 0 } });
            }
        }
    }

    fn end(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
        } else if let Some(closed) = self.open.pop() {
            if let Some(node) = self.tree.nodes.get_mut(closed.id) {
                node.weight = Some(closed.weight);
            }
            if let Some(parent) = self.open.last_mut() {
                parent.weight = parent.weight.plus(closed.weight);
            }
        }
    }

    fn unreadable(&mut self, start: Marker, finding: impl FnOnce(&Text<'t>) -> Finding) {
        let text = self.text;
        self.findings.push(|| finding(text));
        let weight = Some(Weight { nodes: 1, bytes: 0 });
        self.add(Node { kind: Kind::Unreadable, span: text.span(start, 1), offset: 0, weight }, 0);
    }

    fn add(&mut self, node: Node<'t>, anchor: usize) -> Option<NodeId> {
        let id = self.tree.nodes.len();
        if id >= MAX_NODES {
            let message = format!("the document has more than {MAX_NODES} values");
            let (text, help) = (self.text, "split it into several documents");
            self.findings.push(|| text.finding(&code::TOO_MANY_NODES, node.span, message, help));
            self.tree.truncated = true;
            return None;
        }
        let weight = node.weight.unwrap_or_default(); // a collection brings its own when it ends
        self.tree.nodes.push(node);
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        self.attach(id, weight);
        Some(id)
    }

    /// Puts a node where the next one belongs.
    fn attach(&mut self, id: NodeId, weight: Weight) {
        let Some(parent) = self.open.last_mut() else {
            self.tree.root = Some(id);
            return;
        };
        parent.weight = parent.weight.plus(weight);
        match self.tree.nodes.get_mut(parent.id).map(|node| &mut node.kind) {
            Some(Kind::Sequence(items)) => items.push(id),
            Some(Kind::Mapping(pairs)) => match parent.key.take() {
                None => parent.key = Some(id),
                Some(key) => pairs.push((key, id)),
            },
            _ => {}
        }
    }
}

/// That a collection lies too deep.
pub fn too_deep(text: &Text<'_>, start: Marker) -> Finding {
    let message = format!("mappings and lists are nested more than {MAX_DEPTH} deep");
    text.finding(&code::TOO_DEEP, text.span(start, 1), message, "a policy needs no more than 5")
}

/// How many characters of its first line a scalar takes, quotes included.
fn written_width(raw: &str, style: ScalarStyle) -> usize {
    written(raw, style).chars().count()
}

/// What a scalar takes of its first line, quotes included.
///
/// The scanner's own end of a quoted scalar lies behind the white space and the comment that follow it.
pub fn written(raw: &str, style: ScalarStyle) -> &str {
    let line = raw.lines().next().unwrap_or_default();
    let end = match style {
        ScalarStyle::SingleQuoted => syntax::closing_quote(line, '\''),
        ScalarStyle::DoubleQuoted => syntax::closing_quote(line, '"'),
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => None,
    };
    end.and_then(|end| line.get(..=end)).unwrap_or(line.trim_end())
}
