//! A disk that keeps what was synced. Of what was not, a power cut leaves what chance decides: nothing, all, or a part.
//!
//! Files are real ones, as a process sees them through the page cache; what would be on the platter is kept beside them.
//! A kill changes nothing. A power cut puts the files back to what the platter has.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chatward::digest::EntryHash;
use chatward::ledger::disk::{Disk, DiskFile, RealDisk};

use super::Sabotage;
use super::world::World;

/// What is lost together.
const BLOCK: usize = 512;

/// A disk.
pub struct SimulatedDisk {
    world: Arc<World>,
    platter: Mutex<Platter>,
}

/// What is on it, and what is on its way.
#[derive(Default)]
struct Platter {
    files: Vec<Bytes>,
    /// Names as a process sees them.
    names: BTreeMap<PathBuf, Node>,
    /// Names as a power cut leaves them.
    synced: BTreeMap<PathBuf, Node>,
    /// What was done to names since, in its order.
    pending: Vec<Change>,
    /// A sync that was said to be done, and is not (sabotage).
    owed: Option<usize>,
}

/// A file's bytes.
#[derive(Default)]
struct Bytes {
    /// As a process sees them.
    cached: Vec<u8>,
    /// As they were when they were synced last.
    synced: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Directory,
    File(usize),
}

/// What happens to names at once, in one directory.
struct Change {
    directory: PathBuf,
    names: Vec<(PathBuf, Option<Node>)>,
}

impl Platter {
    fn change(&mut self, directory: &Path, names: Vec<(PathBuf, Option<Node>)>) {
        apply(&mut self.names, &names);
        self.pending.push(Change { directory: directory.to_owned(), names });
    }

    fn pay(&mut self) {
        if let Some(file) = self.owed.take() {
            self.sync(file);
        }
    }

    fn sync(&mut self, file: usize) {
        let bytes = &mut self.files[file];
        bytes.synced.clone_from(&bytes.cached);
    }
}

fn apply(to: &mut BTreeMap<PathBuf, Node>, names: &[(PathBuf, Option<Node>)]) {
    for (name, node) in names {
        match node {
            Some(node) => to.insert(name.clone(), *node),
            None => to.remove(name),
        };
    }
}

impl std::fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SimulatedDisk")
    }
}

impl SimulatedDisk {
    pub fn new(world: &Arc<World>) -> Arc<Self> {
        Arc::new(Self { world: Arc::clone(world), platter: Mutex::default() })
    }

    /// The power goes and comes back: what was not synced is lost, torn or kept.
    pub fn cut_power(&self) {
        self.world.note(|| "the power goes".to_owned());
        let mut platter = self.platter.lock().unwrap();
        platter.owed = None;
        let mut names = std::mem::take(&mut platter.synced);
        // Of each directory the changes reach the platter in their order.
        let mut over: Vec<PathBuf> = Vec::new();
        for change in std::mem::take(&mut platter.pending) {
            if over.contains(&change.directory) || self.world.one_in(2) {
                over.push(change.directory);
            } else {
                apply(&mut names, &change.names);
            }
        }
        let root = self.world.path();
        let is_reached = |path: &Path| {
            let above = path.ancestors().skip(1).take_while(|above| *above != root);
            above.into_iter().all(|above| names.get(above) == Some(&Node::Directory))
        };
        let kept: BTreeMap<PathBuf, Node> = names
            .iter()
            .filter(|(path, _)| is_reached(path))
            .map(|(path, node)| (path.clone(), *node))
            .collect();
        let files: Vec<Vec<u8>> = platter.files.iter().map(|bytes| self.survivor(bytes)).collect();
        let state = self.world.state();
        if kept.contains_key(&state) {
            let ledger = state.join("ledger");
            let _ = fs::remove_dir_all(&ledger);
            let _ = fs::remove_file(state.join("applied.json"));
            let _ = fs::remove_file(state.join(".applied.json"));
            // A cache that is written past this disk: it does not outlive the power, so that the checkpoint is asked.
            let _ = fs::remove_file(state.join("applied.lookup"));
            self.harm_hints(&state);
        } else {
            let _ = fs::remove_dir_all(&state);
        }
        *platter = Platter::default();
        for (path, node) in kept {
            let node = match node {
                Node::Directory => {
                    fs::create_dir_all(&path).unwrap();
                    Node::Directory
                }
                Node::File(file) => {
                    fs::write(&path, &files[file]).unwrap();
                    let bytes = files[file].clone();
                    platter.files.push(Bytes { cached: bytes.clone(), synced: bytes });
                    Node::File(platter.files.len() - 1)
                }
            };
            platter.names.insert(path.clone(), node);
            platter.synced.insert(path, node);
        }
    }

    /// What is left of a file's bytes.
    fn survivor(&self, bytes: &Bytes) -> Vec<u8> {
        let Bytes { cached, synced } = bytes;
        if !cached.starts_with(synced) {
            return if self.world.one_in(2) { cached.clone() } else { synced.clone() };
        }
        let length = match self.world.below(4) {
            0 => synced.len(),
            1 => cached.len(),
            _ => synced.len() + self.world.below(cached.len() - synced.len() + 1),
        };
        let mut left = cached[..length].to_vec();
        if self.world.one_in(4) {
            // Its length came to the disk before some of its bytes.
            for block in left[synced.len()..].chunks_mut(BLOCK) {
                if self.world.one_in(3) {
                    block.fill(0);
                }
            }
        }
        left
    }

    /// What is kept only to save work is not synced: it may be gone or half there.
    fn harm_hints(&self, state: &Path) {
        let Ok(entries) = fs::read_dir(state) else { return };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.is_file() && !path.ends_with("lock")) {
            match self.world.below(4) {
                0 => fs::remove_file(path).unwrap(),
                1 => {
                    let bytes = fs::read(path).unwrap();
                    fs::write(path, &bytes[..self.world.below(bytes.len() + 1)]).unwrap();
                }
                _ => {}
            }
        }
    }

    fn name<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(self.world.path()).unwrap_or(path).display()
    }

    /// One operation: what is owed is paid first.
    fn begin(&self, what: impl FnOnce() -> String) -> io::Result<()> {
        self.platter.lock().unwrap().pay();
        self.world.write(what).map_err(io::Error::other)
    }
}

/// The disk, as one process holds it.
#[derive(Debug, Clone)]
pub struct Mounted(pub Arc<SimulatedDisk>);

impl Disk for Mounted {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        let disk = &self.0;
        disk.begin(|| format!("mkdir {}", disk.name(path)))?;
        RealDisk.make_directory(path)?;
        let mut platter = disk.platter.lock().unwrap();
        let mut missing: Vec<&Path> =
            path.ancestors().take_while(|above| *above != disk.world.path()).collect();
        missing.reverse();
        for directory in missing {
            if !platter.names.contains_key(directory) {
                let parent = directory.parent().unwrap();
                platter.change(parent, vec![(directory.to_owned(), Some(Node::Directory))]);
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let disk = &self.0;
        disk.begin(|| format!("open {}", disk.name(path)))?;
        let real = RealDisk.open(path)?;
        let mut platter = disk.platter.lock().unwrap();
        let file = match platter.names.get(path) {
            Some(Node::File(file)) => *file,
            _ => {
                platter.files.push(Bytes::default());
                let file = platter.files.len() - 1;
                platter.change(path.parent().unwrap(), vec![(path.to_owned(), Some(Node::File(file)))]);
                file
            }
        };
        let name = disk.name(path).to_string();
        Ok(Box::new(Handle { disk: Arc::clone(disk), real, file, name }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let disk = &self.0;
        disk.begin(|| format!("rename {} to {}", disk.name(from), disk.name(to)))?;
        RealDisk.rename(from, to)?;
        let mut platter = disk.platter.lock().unwrap();
        let node = platter.names.get(from).copied();
        platter.change(to.parent().unwrap(), vec![(to.to_owned(), node), (from.to_owned(), None)]);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let disk = &self.0;
        disk.begin(|| format!("remove {}", disk.name(path)))?;
        RealDisk.remove(path)?;
        disk.platter.lock().unwrap().change(path.parent().unwrap(), vec![(path.to_owned(), None)]);
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let disk = &self.0;
        disk.begin(|| format!("sync {}/", disk.name(path)))?;
        let mut platter = disk.platter.lock().unwrap();
        let (done, pending) =
            std::mem::take(&mut platter.pending).into_iter().partition(|change| change.directory == path);
        platter.pending = pending;
        let done: Vec<Change> = done;
        for change in done {
            apply(&mut platter.synced, &change.names);
        }
        Ok(())
    }
}

struct Handle {
    disk: Arc<SimulatedDisk>,
    real: Box<dyn DiskFile>,
    file: usize,
    name: String,
}

impl Handle {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.real.append(bytes)?;
        self.disk.platter.lock().unwrap().files[self.file].cached.extend_from_slice(bytes);
        Ok(())
    }
}

impl DiskFile for Handle {
    fn length(&self) -> io::Result<u64> {
        self.real.length()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let world = Arc::clone(&self.disk.world);
        let forged = (world.sabotage == Some(Sabotage::Chain) && world.one_in(20)).then(|| forge(bytes));
        let bytes = forged.as_deref().unwrap_or(bytes);
        let was_dead = world.is_dead();
        let begun = self.disk.begin(|| format!("append {} bytes to {}", bytes.len(), self.name));
        if begun.is_err() && !was_dead {
            // Cut off within the write.
            self.put(&bytes[..world.below(bytes.len() + 1)])?;
        }
        begun?;
        self.put(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.begin(|| format!("truncate {} to {length}", self.name))?;
        self.real.truncate(length)?;
        self.disk.platter.lock().unwrap().files[self.file].cached.truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.begin(|| format!("sync {}", self.name))?;
        let mut platter = self.disk.platter.lock().unwrap();
        match self.disk.world.sabotage {
            Some(Sabotage::Fsync) => platter.owed = Some(self.file),
            _ => platter.sync(self.file),
        }
        Ok(())
    }
}

/// The first entry with another previous hash, and its own hash right for that.
fn forge(bytes: &[u8]) -> Vec<u8> {
    const PREVIOUS: &str = "\"previousHash\":\"";
    let text = std::str::from_utf8(bytes).unwrap();
    let Some((line, rest)) = text.split_once('\n') else { return bytes.to_vec() };
    let Some((body, _)) = line.split_once(",\"hash\":") else { return bytes.to_vec() };
    let Some(at) = body.find(PREVIOUS) else { return bytes.to_vec() };
    let other = EntryHash::of(b"another");
    let body = format!("{}{PREVIOUS}{other}\"", &body[..at]);
    let hash = EntryHash::of(body.as_bytes());
    format!("{body},\"hash\":\"{hash}\"}}\n{rest}").into_bytes()
}
