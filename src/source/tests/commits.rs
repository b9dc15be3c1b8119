//! Tries what is said of the commits that files are from, and whose signatures count.

use super::*;

fn git(directory: &Path, arguments: &[&str]) {
    let ran = std::process::Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn every_file_has_its_own_commit_and_nothing_is_guessed() {
    let repository = tempfile::tempdir().unwrap();
    let root = repository.path().join("policies");
    fs::create_dir(&root).unwrap();
    git(repository.path(), &["init", "-q"]);
    for (name, subject) in [("a", "First"), ("b", "Second"), ("c", "Third")] {
        fs::write(root.join(format!("{name}.yaml")), document(name)).unwrap();
        git(repository.path(), &["add", "."]);
        git(repository.path(), &["commit", "-q", "-m", subject]);
    }
    fs::remove_file(root.join("c.yaml")).unwrap();
    git(repository.path(), &["commit", "-q", "-a", "-m", "Fourth"]);
    fs::write(root.join("b.yaml"), document("b") + "# changed since\n").unwrap();
    fs::write(root.join("new.yaml"), document("new")).unwrap();
    // What would run if the repository had its way.
    let ran = repository.path().join("ran");
    let program = format!("touch {}", ran.display());
    for key in ["core.fsmonitor", "core.pager", "gpg.program", "filter.x.clean", "core.sshCommand"] {
        git(repository.path(), &["config", key, &program]);
    }
    fs::write(root.join(".gitattributes"), "*.yaml filter=x\n").unwrap();

    let mut source = Source::new(&root, tenants());
    let snapshot = source.snapshot();
    let origins = snapshot.desired.values().map(|desired| &desired.origin);
    let mut files: Files = origins.map(|it| (Arc::clone(&it.file), Some(it.file_hash))).collect();
    files.insert("c.yaml".into(), None);
    let commits = source.commits(&files);
    let told: Vec<_> = commits
        .iter()
        .map(|(file, commit)| (&**file, commit.commit_subject.as_deref().unwrap(), commit.dirty))
        .collect();
    assert_eq!(told, [("a.yaml", "First", false), ("b.yaml", "Second", true), ("c.yaml", "Fourth", false)]);
    let commit = &commits["a.yaml"];
    assert_eq!(commit.author.as_deref(), Some("Ada <ada@acme.example>"));
    assert!(commit.committed_at.is_some() && commit.signed_by.is_none() && commit.revision.len() == 40);
    assert!(!ran.exists(), "nothing of the repository's own runs");

    let plain = tempfile::tempdir().unwrap();
    assert_eq!(Source::new(plain.path(), tenants()).commits(&files), Commits::new());
    let exported = plain.path().join("1234567890123456789012345678901234567890");
    fs::create_dir(&exported).unwrap();
    symlink(&exported, plain.path().join("current")).unwrap();
    let commits = Source::new(&plain.path().join("current"), tenants()).commits(&files);
    assert!(
        commits.values().all(|commit| exported.ends_with(&*commit.revision)) && commits.len() == files.len()
    );
}

#[test]
fn a_signature_counts_only_by_an_allowed_key() {
    let repository = tempfile::tempdir().unwrap();
    let path = |name: &str| repository.path().join(name);
    for name in ["ours", "theirs"] {
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(path(name))
            .output();
        let Ok(made) = made else {
            eprintln!("skipped: there is no ssh-keygen to make keys with");
            return;
        };
        assert!(made.status.success());
    }
    let public = fs::read_to_string(path("ours.pub")).unwrap();
    fs::write(path("allowed"), format!("ada@acme.example {public}")).unwrap();
    fs::create_dir(path("policies")).unwrap();
    git(repository.path(), &["init", "-q"]);
    for (name, key) in [("ours", Some("ours")), ("theirs", Some("theirs")), ("nobody", None)] {
        fs::write(path("policies").join(format!("{name}.yaml")), document(name)).unwrap();
        git(repository.path(), &["add", "policies"]);
        let key = format!("user.signingkey={}", path(key.unwrap_or("ours")).display());
        let sign = if name == "nobody" { "--no-gpg-sign" } else { "-S" };
        git(repository.path(), &["-c", "gpg.format=ssh", "-c", &key, "commit", "-q", sign, "-m", name]);
    }
    // A repository can't name a verifier of its own.
    git(repository.path(), &["config", "gpg.ssh.program", "/bin/true"]);
    let signers = |ssh_file| Some(Signers { ssh_file, pgp_keys: vec!["0".repeat(40)] });
    let signed = |signers| -> Vec<String> {
        let mut source = Source::new(&path("policies"), tenants()).signed_by(signers);
        let snapshot = source.snapshot();
        let origins = snapshot.desired.values().map(|desired| &desired.origin);
        let commits = source.commits(&origins.map(|it| (Arc::clone(&it.file), Some(it.file_hash))).collect());
        assert_eq!(commits.len(), 3);
        commits
            .iter()
            .filter(|(_, commit)| commit.signed_by.is_some())
            .map(|(file, _)| file.to_string())
            .collect()
    };
    assert_eq!(signed(signers(Some(path("allowed")))), ["ours.yaml"]);
    assert_eq!(signed(signers(None)), Vec::<String>::new());
    assert_eq!(signed(None), Vec::<String>::new());
}
