//! Replaces a policy file whole or not at all.
//!
//! A temporary file beside it, fsync, rename, fsync of the folder. A symbolic link stays one: what it leads to is
//! replaced, where that lies inside the policy directory. The mode of the file is kept.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// Replaces the file of that name below a root, if it still holds the old bytes.
///
/// # Errors
/// Where it lies outside of the root, holds something else by now, or can't be written. It is then as it was.
pub fn replace(root: &Path, name: &str, old: &[u8], new: &[u8]) -> io::Result<()> {
    let root = root.canonicalize()?;
    let path = root.join(name).canonicalize()?;
    let Some(folder) = path.parent().filter(|_| path.starts_with(&root) && path != root) else {
        return Err(io::Error::other("it lies outside of the policy directory"));
    };
    let mut file = NamedTempFile::with_prefix_in(".chatward-", folder)?;
    file.write_all(new)?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    if fs::read(&path)? != old {
        return Err(io::Error::other("it was changed meanwhile"));
    }
    file.persist(&path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode_and_through_its_link() {
        let root = TempDir::new().unwrap();
        let path = root.path().join("a.yaml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a.yaml", root.path().join("link.yaml")).unwrap();
        replace(root.path(), "link.yaml", b"old", b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(root.path().join("link.yaml").is_symlink());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn what_changed_or_lies_outside_is_left() {
        let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        fs::write(root.path().join("a.yaml"), "newer").unwrap();
        assert!(replace(root.path(), "a.yaml", b"old", b"new").is_err());
        let other = outside.path().join("b.yaml");
        fs::write(&other, "old").unwrap();
        symlink(&other, root.path().join("b.yaml")).unwrap();
        assert!(replace(root.path(), "b.yaml", b"old", b"new").is_err());
        assert_eq!(fs::read(&other).unwrap(), b"old");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
