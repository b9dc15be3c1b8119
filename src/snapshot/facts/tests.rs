//! Tries that facts come back from bytes as they were.

use super::*;

fn facts(text: &str) -> FileFacts {
    FileFacts::read(&"a.yaml".into(), text.as_bytes(), Some(&"default".parse().unwrap()))
}

#[test]
fn everything_that_was_found_comes_back() {
    let text = "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: a }\n\
                spec: { cspDirectives: { default-src: \"'self'\", script-src: \"*\", script-scr: x } }\n\
                ---\nkind: Nothing\n---\n[]\n";
    let facts = facts(text);
    assert!(facts.documents.iter().any(|document| document.said(&facts.file).1.len() > 1));
    let mut packer = Packer::default();
    facts.pack(&mut packer);
    let bytes = packer.finish();
    let mut unpacker = Unpacker::new(&bytes);
    let again = FileFacts::unpack(Arc::clone(&facts.file), &mut unpacker).unwrap();
    assert!(unpacker.is_empty());
    assert_eq!(again, facts);
    for (old, new) in facts.documents.iter().zip(&again.documents) {
        let (place, findings) = new.said(&facts.file);
        assert!(place.is_some());
        assert_eq!((place, findings), old.said(&facts.file));
    }
    for end in 0..bytes.len() {
        let cut = FileFacts::unpack(Arc::clone(&facts.file), &mut Unpacker::new(&bytes[..end]));
        assert_eq!(cut, None, "cut after {end} bytes");
    }
}

#[test]
fn a_finding_comes_back_with_all_that_it_says() {
    let file: Arc<str> = "a.yaml".into();
    let bare = Finding {
        code: &UNREADABLE,
        place: None,
        about: None,
        text: String::new(),
        help: None,
        fix: None,
        waived: None,
    };
    let place =
        Place { file: Arc::clone(&file), line: 2, column: 3, width: 4, excerpt: "script-src: x".into() };
    let full = Finding {
        place: Some(place),
        about: Some(About::from(("script-src", Some("x")))),
        text: "a text".to_owned(),
        help: Some("a help".to_owned()),
        fix: Some(Fix { edits: vec![Edit::new(1..200, ""), Edit::new(300..300, "'self'")] }),
        waived: Some("SEC-12".into()),
        ..bare.clone()
    };
    let findings = vec![bare, full];
    assert_eq!(Said::pack(None, &findings).unpack(&file), Some((None, findings)));
}

#[test]
fn what_a_document_accepts_comes_back() {
    let facts = facts(
        "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: a, annotations: \
         { chatward.dev/accept-weakening: SEC-12, chatward.dev/on-drift: correct } }\nspec: { cspDirectives: { default-src: \"'self'\" } }\n",
    );
    let mut packer = Packer::default();
    facts.pack(&mut packer);
    let bytes = packer.finish();
    let again = FileFacts::unpack(Arc::clone(&facts.file), &mut Unpacker::new(&bytes)).unwrap();
    let wanted = again.documents[0].wanted.as_ref().unwrap();
    assert_eq!(wanted.accepts_weakening.as_deref(), Some("SEC-12"));
    assert_eq!(wanted.on_drift, Some(OnDrift::Correct));
}

#[test]
fn every_code_has_its_own_id() {
    assert_eq!(codes().count(), BY_ID.len());
}

#[test]
fn payloads_are_found_by_their_ids() {
    let text = "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: a }\n\
                spec: { cspDirectives: { default-src: \"'self'\" } }\n";
    let (facts, tenant) = (facts(text), "default".parse().unwrap());
    let found = payloads(&facts.file, text.as_bytes(), Some(&tenant));
    let id = facts.ids().next().unwrap();
    let wanted = facts.documents[0].wanted.as_ref().unwrap();
    assert_eq!(found[id].digest().unwrap(), wanted.digest);
    assert_eq!(found.len(), 1);
}
