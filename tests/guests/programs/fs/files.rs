//! Files and directories through std::fs, in a directory of its own under /tmp.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{symlink, FileExt, MetadataExt, PermissionsExt};
use std::path::Path;

fn kind(result: io::Result<impl Sized>) -> String {
    result.map_or_else(|error| format!("{:?}", error.kind()), |_| "no error".into())
}

fn contents(directory: &Path) -> io::Result<()> {
    let path = directory.join("text");
    let mut file = File::create(&path)?;
    file.write_all(b"first line\nsecond line\n")?;
    file.sync_all()?;
    drop(file);
    println!("read: {:?}", fs::read_to_string(&path)?);

    let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
    file.write_all(b"third line\n")?;
    println!("end: {}", file.seek(SeekFrom::End(-6))?);
    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    println!("rest: {rest:?}");
    let mut middle = [0; 6];
    file.read_exact_at(&mut middle, 11)?;
    println!("middle: {:?}", middle.escape_ascii().to_string());
    file.set_len(5)?;
    println!("truncated: {:?}", fs::read_to_string(&path)?);
    file.set_len(9)?;
    println!("extended: {:?}", fs::read(&path)?.escape_ascii().to_string());
    Ok(())
}

fn names(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory.join("a/b/c"))?;
    fs::write(directory.join("a/one"), "1")?;
    fs::hard_link(directory.join("a/one"), directory.join("a/two"))?;
    symlink("one", directory.join("a/link"))?;
    println!("links: {}", fs::metadata(directory.join("a/one"))?.nlink());
    println!("symbolic: {:?} -> {:?}", fs::read_link(directory.join("a/link"))?, fs::read(directory.join("a/link"))?);
    fs::rename(directory.join("a/two"), directory.join("a/three"))?;
    println!("copied: {} bytes", fs::copy(directory.join("a/three"), directory.join("a/b/copy"))?);
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory.join("a"))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let letter = if kind.is_dir() { 'd' } else if kind.is_symlink() { 'l' } else { 'f' };
        entries.push(format!("{}:{letter}", entry.file_name().to_string_lossy()));
    }
    entries.sort();
    println!("entries: {entries:?}");
    println!("canonical: {:?}", fs::canonicalize(directory.join("a/b/../link"))?);
    Ok(())
}

fn attributes(directory: &Path) -> io::Result<()> {
    let path = directory.join("text");
    fs::set_permissions(&path, Permissions::from_mode(0o640))?;
    let metadata = fs::metadata(&path)?;
    println!("mode {:o}, size {}, file {}", metadata.mode(), metadata.len(), metadata.is_file());
    println!("modified after 2001: {}", metadata.mtime() > 1_000_000_000);
    Ok(())
}

fn errors(directory: &Path) {
    println!("missing: {}", kind(File::open(directory.join("missing"))));
    println!("exists: {}", kind(File::create_new(directory.join("text"))));
    println!("not a directory: {}", kind(fs::read_dir(directory.join("text"))));
    println!("a directory: {}", kind(fs::write(directory.join("a"), "")));
    println!("not empty: {}", kind(fs::remove_dir(directory.join("a"))));
    let unreadable = OpenOptions::new().write(true).open(directory.join("text"));
    let refused = unreadable.and_then(|mut file| file.read(&mut [0; 4]).map(|_| ()));
    println!("unreadable: {:?}", refused.err().and_then(|error| error.raw_os_error()));
}

fn main() -> io::Result<()> {
    let directory = Path::new("/tmp/levitate-files");
    match fs::create_dir(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    contents(directory)?;
    names(directory)?;
    attributes(directory)?;
    errors(directory);
    fs::remove_dir_all(directory)?;
    println!("removed: {}", !directory.exists());
    Ok(())
}
