//! Ledgers that are signed, from some entry on.

use super::sign::{PublicKey, SigningKey, generate};
use super::*;

fn new_key() -> (Arc<SigningKey>, PublicKey) {
    let (pem, public) = generate().unwrap();
    (Arc::new(SigningKey::from_pem(&pem).unwrap()), public)
}

fn open(directory: &Path, key: Option<&Arc<SigningKey>>) -> Result<Ledger, LedgerError> {
    Ledger::open_with(directory, clock(), Options { key: key.cloned(), ..Options::default() })
}

fn proven(directory: &Path, keys: &[PublicKey]) -> Result<(u64, u64), String> {
    let proof = verify(directory, &Terms { keys, ..Terms::default() });
    proof.map(|proof| (proof.signed, proof.unsigned)).map_err(|error| error.to_string())
}

/// Two entries without a key, then the one that names the key, then two more.
async fn signed(directory: &Path, key: &Arc<SigningKey>) {
    fill(directory, 2).await;
    let ledger = open(directory, Some(key)).unwrap();
    for number in 0..2 {
        ledger.append(failed(number)).await.unwrap();
    }
    ledger.checkpoint(true).unwrap();
}

#[tokio::test]
async fn old_entries_stay_valid_and_every_new_one_is_signed() {
    let directory = tempfile::tempdir().unwrap();
    let (key, public) = new_key();
    signed(directory.path(), &key).await;
    assert_eq!(proven(directory.path(), &[]), Ok((3, 2)));
    assert_eq!(proven(directory.path(), &[public]), Ok((3, 2)));
    assert_eq!(view(directory.path()).unwrap().signing, Some(public.id()));
    // Again with the same key: it is not named twice. Without one, nothing goes on.
    drop(open(directory.path(), Some(&key)).unwrap());
    assert_eq!(proven(directory.path(), &[public]), Ok((3, 2)));
    let error = open(directory.path(), None).map(drop).unwrap_err().to_string();
    assert!(error.contains("no key is set to go on with"), "{error}");
}

#[tokio::test]
async fn another_key_goes_on_and_both_are_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let ((key, public), (other, other_public)) = (new_key(), new_key());
    signed(directory.path(), &key).await;
    let ledger = open(directory.path(), Some(&other)).unwrap();
    ledger.append(failed(9)).await.unwrap();
    drop(ledger);
    assert_eq!(proven(directory.path(), &[public, other_public]), Ok((5, 2)));
    let error = proven(directory.path(), &[public]).unwrap_err();
    assert!(error.contains("line 6: it is signed by key") && error.contains("was not given"), "{error}");
}

fn strip(line: &str) -> String {
    format!("{}}}", line.split_once(",\"signature\"").unwrap().0)
}

#[tokio::test]
async fn what_was_done_to_a_signature_is_named() {
    type Change = fn(&mut Vec<String>);
    let rows: &[(&str, Change, &str)] = &[
        (
            "taken off",
            |lines| lines[3] = strip(&lines[3]),
            "line 4: it is not signed, but every entry is since",
        ),
        ("taken off the last", |lines| lines[4] = strip(&lines[4]), "line 5: it is not signed"),
        (
            "of another entry",
            |lines| {
                let other = lines[4].split_once("signature").unwrap().1.to_owned();
                lines[3] = format!("{}signature{other}", lines[3].split_once("signature").unwrap().0);
            },
            "line 4: its signature is not of key",
        ),
        ("no base64", |lines| lines[3] = lines[3].replace("==\"}", "!!\"}"), "line 4: its signature is none"),
        (
            "added to an old one",
            |lines| {
                let other = lines[4].split_once(",\"signature").unwrap().1.to_owned();
                lines[1] = format!("{},\"signature{other}", lines[1].strip_suffix('}').unwrap());
            },
            "line 2: it is signed, but no entry says by which key",
        ),
    ];
    for (what, change, expected) in rows {
        let directory = tempfile::tempdir().unwrap();
        let (key, public) = new_key();
        signed(directory.path(), &key).await;
        edit(directory.path(), change);
        let error = proven(directory.path(), &[public]).unwrap_err();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_chain_made_anew_without_the_key_is_told_by_the_key_alone() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path(), 5).await;
    let ((_, public), (forger, _)) = (new_key(), new_key());
    assert_eq!(proven(directory.path(), &[]), Ok((0, 5)));
    assert!(proven(directory.path(), &[public]).unwrap_err().contains("no entry is signed"));
    drop(open(directory.path(), Some(&forger)).unwrap());
    assert!(proven(directory.path(), &[public]).unwrap_err().contains("was not given"));
}
