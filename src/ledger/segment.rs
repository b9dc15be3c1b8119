//! The files of a ledger: segments named by the sequence of their first entry.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::LedgerError;
use super::disk::{self, Disk, DiskFile};

/// The longest line that is read; an entry's strings are bounded far below.
pub(super) const MAX_LINE: u64 = 8 * 1024 * 1024;

/// Makes the state directory and the ledger's in it, for nobody else's eyes.
pub(super) fn make_directory(disk: &dyn Disk, state: &Path) -> Result<(), LedgerError> {
    let path = directory(state);
    disk.make_directory(&path).map_err(|error| LedgerError::io(&path, error))
}

fn directory(state: &Path) -> PathBuf {
    state.join("ledger")
}

/// The segment whose first entry has that sequence.
pub(super) fn path(state: &Path, first: u64) -> PathBuf {
    path_in(&directory(state), first)
}

/// The same in a directory of nothing but segments.
pub(super) fn path_in(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}.jsonl"))
}

/// Sequences of the first entries of all segments, in order; none where there is no ledger.
pub(super) fn list(state: &Path) -> Result<Vec<u64>, LedgerError> {
    list_in(&directory(state))
}

/// The same of a directory of nothing but segments.
pub(super) fn list_in(path: &Path) -> Result<Vec<u64>, LedgerError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LedgerError::io(path, error)),
    };
    let mut segments = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| LedgerError::io(path, error))?.file_name();
        let first = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).map(str::parse);
        if let Some(Ok(first)) = first {
            segments.push(first);
        }
    }
    segments.sort_unstable();
    Ok(segments)
}

/// A segment open for appending, and how long it is.
pub(super) fn open(
    disk: &dyn Disk,
    state: &Path,
    first: u64,
) -> Result<(Box<dyn DiskFile>, u64), LedgerError> {
    let path = path(state, first);
    let io = |error| LedgerError::io(&path, error);
    let mut file = disk.open(&path).map_err(io)?;
    let length = file.length().map_err(io)?;
    // A writer that was killed may have left entries that can be read and are not on disk. What goes on from here rests on
    // them.
    file.sync().map_err(io)?;
    if length == 0 {
        sync_names(disk, &directory(state))?;
    }
    Ok((file, length))
}

/// Brings the names in a directory to disk, and the directory's own, which may be as new. A new file is there after a
/// power cut only then.
fn sync_names(disk: &dyn Disk, directory: &Path) -> Result<(), LedgerError> {
    for above in directory.ancestors() {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        match disk.sync_directory(above) {
            // What may not even be read was not made here.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced.map_err(|error| LedgerError::io(above, error))?,
        }
    }
    Ok(())
}

/// Moves the bytes of a half-written last line aside, and says where they are.
pub(super) fn mend(disk: &dyn Disk, state: &Path) -> Result<Option<PathBuf>, LedgerError> {
    let Some(&last) = list(state)?.last() else { return Ok(None) };
    let path = path(state, last);
    let io = |error| LedgerError::io(&path, error);
    let mut file = File::open(&path).map_err(io)?;
    let length = file.length().map_err(io)?;
    let whole = whole_lines(&mut file, length).map_err(io)?;
    if whole == length { Ok(None) } else { set_aside(disk, &path, whole).map(Some) }
}

/// Moves what never came to the disk aside, from its first line to the end of the newest segment, and says where it is.
///
/// After a power cut a file may be longer than what was written of it, and the blocks in between are of zeros. No entry
/// has such a byte, and nobody was told that one from there on is recorded.
pub(super) fn mend_lost(disk: &dyn Disk, state: &Path) -> Result<Option<PathBuf>, LedgerError> {
    let Some(&last) = list(state)?.last() else { return Ok(None) };
    let path = path(state, last);
    let bytes = fs::read(&path).map_err(|error| LedgerError::io(&path, error))?;
    let Some(lost) = bytes.iter().position(|&byte| byte == 0) else { return Ok(None) };
    let line = bytes[..lost].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    set_aside(disk, &path, line as u64).map(Some)
}

/// Moves a segment's bytes from there on into a file of their own.
fn set_aside(disk: &dyn Disk, path: &Path, from: u64) -> Result<PathBuf, LedgerError> {
    let io = |error| LedgerError::io(path, error);
    let mut torn = Vec::new();
    let mut file = File::open(path).map_err(io)?;
    file.seek(SeekFrom::Start(from)).and_then(|_| file.read_to_end(&mut torn)).map_err(io)?;
    let aside = path.with_extension(format!("torn-{from}"));
    let beside = path.with_extension("torn");
    disk::replace(disk, &aside, &beside, &torn).map_err(|error| LedgerError::io(&aside, error))?;
    let mut file = disk.open(path).map_err(io)?;
    file.truncate(from).and_then(|()| file.sync()).map_err(io)?;
    Ok(aside)
}

/// How many bytes at a file's start are whole lines.
fn whole_lines(file: &mut File, length: u64) -> io::Result<u64> {
    const CHUNK: u64 = 64 * 1024;
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        let mut chunk = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(end - start).read_to_end(&mut chunk)?;
        if let Some(index) = chunk.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + index as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The last whole line of a segment, without its newline, where it has one.
pub(super) fn last_line(path: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
    let io = |error| LedgerError::io(path, error);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let Some(end) = whole_lines(&mut file, length).map_err(io)?.checked_sub(1) else { return Ok(None) };
    let start = whole_lines(&mut file, end).map_err(io)?;
    line_at(path, start).map(Some)
}

/// The line that begins there, without its newline.
pub(super) fn line_at(path: &Path, offset: u64) -> Result<Vec<u8>, LedgerError> {
    let io = |error| LedgerError::io(path, error);
    let mut file = File::open(path).map_err(io)?;
    file.seek(SeekFrom::Start(offset)).map_err(io)?;
    let mut line = Vec::new();
    BufReader::new(file.take(MAX_LINE)).read_until(b'\n', &mut line).map_err(io)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ => Err(io(io::ErrorKind::UnexpectedEof.into())),
    }
}
