//! XML as cameras write it: names without their prefix, prefixes that nobody declared, no DTD.

use roxmltree::{Document, Error, Node, ParsingOptions};

/// Most tags of a document.
const TAGS_MAX: usize = 40_000;
/// Most attributes: those of one element are compared with one another.
const ATTRIBUTES_MAX: usize = 8_000;
/// Most declarations of namespaces: each element that has one repeats those around it.
const NAMESPACES_MAX: usize = 512;
/// Most prefixes without a declaration.
const UNDECLARED_MAX: usize = 6;

/// Gives a document to `read`. `None` if the text is none, or too much of one.
pub(super) fn with<T>(text: &str, read: impl FnOnce(&Document<'_>) -> T) -> Option<T> {
    let text = text.trim_matches(['\0', '\u{feff}']).trim();
    let count = |byte| text.bytes().filter(|b| *b == byte).count();
    if count(b'<') > TAGS_MAX
        || count(b'=') > ATTRIBUTES_MAX
        || text.matches("xmlns").count() > NAMESPACES_MAX
    {
        return None;
    }
    let mut mended = String::new();
    for _ in 0..=UNDECLARED_MAX {
        let options = ParsingOptions::default(); // refuses DTDs, and so entities
        let now = if mended.is_empty() { text } else { &mended };
        let why = match Document::parse_with_options(now, options) {
            Ok(document) => return Some(read(&document)),
            Err(why) => why,
        };
        let Error::UnknownNamespace(prefix, _) = why else { return None };
        mended = declared(now, &prefix)?;
    }
    None
}

/// The text with a prefix declared at its root.
fn declared(text: &str, prefix: &str) -> Option<String> {
    let is_root = |at: &usize| {
        let next = text.as_bytes().get(at + 1);
        next.is_some_and(|byte| !matches!(byte, b'?' | b'!' | b'/'))
    };
    let root = text.match_indices('<').map(|(at, _)| at).find(is_root)?;
    let end = root + text[root..].find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
    let (head, tail) = text.split_at(end);
    Some(format!("{head} xmlns:{prefix}=\"urn:undeclared:{prefix}\"{tail}"))
}

/// An element's name without its prefix.
pub(super) fn name<'a>(node: Node<'a, '_>) -> &'a str {
    node.tag_name().name()
}

/// The first child element of a name, in any case.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, wanted: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|node| node.is_element() && name(*node).eq_ignore_ascii_case(wanted))
}

/// The first element of a name anywhere below, in any case.
pub(super) fn find<'a, 'i>(node: Node<'a, 'i>, wanted: &str) -> Option<Node<'a, 'i>> {
    node.descendants()
        .filter(Node::is_element)
        .find(|node| name(*node).eq_ignore_ascii_case(wanted))
}

/// An element's text, if there is some.
pub(super) fn content<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.text().map(str::trim).filter(|text| !text.is_empty())
}

/// The text at the end of a path of children.
pub(super) fn text<'a>(node: Node<'a, '_>, path: &[&str]) -> Option<&'a str> {
    content(path.iter().try_fold(node, |node, name| child(node, name))?)
}

/// An attribute by its name without a prefix.
pub(super) fn attribute<'a>(node: Node<'a, '_>, wanted: &str) -> Option<&'a str> {
    let found = node.attributes().find(|given| given.name().eq_ignore_ascii_case(wanted))?;
    Some(found.value().trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_count_without_their_prefix() {
        for text in [
            "<a><B k='v'>x</B></a>",
            "<?xml version='1.0'?><!-- <n --><n:a xmlns:n='u'><n:B n:k='v'> x\n</n:B></n:a>\0",
            "<n:a><m:B m:k='v'><![CDATA[x]]></m:B></n:a>",
        ] {
            let read = with(text, |document| {
                let root = document.root_element();
                let b = find(root, "b").and_then(|b| attribute(b, "k")).map(str::to_owned);
                (name(root).to_owned(), text_of(root), b)
            });
            let expected = ("a".to_owned(), Some("x".to_owned()), Some("v".to_owned()));
            assert_eq!(read, Some(expected), "{text}");
        }
    }

    fn text_of(root: Node<'_, '_>) -> Option<String> {
        text(root, &["b"]).map(str::to_owned)
    }

    #[test]
    fn what_would_cost_too_much_is_refused() {
        let attributes: Vec<String> = (0..9_000).map(|n| format!("a{n}=''")).collect();
        let attributes = attributes.join(" ");
        for text in [
            "<a>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
            &format!("<a {attributes}/>"),
            &format!("<a>{}</a>", "<b/>".repeat(50_000)),
            &format!("<a>{}</a>", "<b xmlns='x'/>".repeat(600)),
            "<a:a/><b:b/>",
        ] {
            let start: String = text.chars().take(40).collect();
            assert_eq!(with(text, |_| ()), None, "{start}");
        }
        let deep = format!("{}{}", "<a>".repeat(15_000), "</a>".repeat(15_000));
        assert_eq!(with(&deep, |document| document.descendants().count()), Some(15_001));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<[a-z:]{1,3}( [a-z:]{1,3}='[a-z]?')?/?>|</[a-z:]{1,3}>|[\\PC]){0,12}") {
            let _ = with(&text, |_| ());
        }
    }
}
