//! Entries: one line of JSON for each file, directory and symlink (`docs/format.md` section 9).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::block::{BLOCK_LEN, BlockId, DATABASE_BLOCK_LEN};
use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::json::{self, Value};

/// Most blocks that an entry lists itself.
pub const MAX_INLINE_BLOCKS: usize = 64;
/// Blocks in a full list.
pub const LIST_BLOCKS: usize = 8192;
/// Most lists of one file.
pub const MAX_LISTS: usize = 512;
/// Most bytes of a line with its line feed.
pub const MAX_LINE_LEN: usize = 524_288;
const MAX_COMPONENTS: usize = 1024;
const MAX_COMPONENT_LEN: usize = 4096;
const MAX_PATH_LEN: usize = 32_768;
/// Most bytes of a symlink's target.
pub const MAX_TARGET_LEN: usize = 32_768;
const MAX_MODE: u64 = 0o7777;

/// One name of a path: bytes, usually UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Component(pub Vec<u8>);

impl Component {
    /// The JSON of this component: a string, or base64 where it is not UTF-8.
    #[must_use]
    pub fn format(&self) -> String {
        match str::from_utf8(&self.0) {
            Ok(text) => json::quote(text),
            Err(_) => format!("{{\"b64\":\"{}\"}}", STANDARD_NO_PAD.encode(&self.0)),
        }
    }

    /// Reads either form; nothing for base64 of what a string could say.
    #[must_use]
    pub fn parse(value: &Value) -> Option<Self> {
        if let Some(text) = value.text() {
            return Some(Self(text.as_bytes().to_vec()));
        }
        let bytes = STANDARD_NO_PAD.decode(value.get("b64")?.text()?).ok()?;
        str::from_utf8(&bytes).is_err().then_some(Self(bytes))
    }

    /// Whether a file system can have it as one name that leads nowhere else.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        let special: [&[u8]; 3] = [b"", b".", b".."];
        !special.contains(&self.0.as_slice()) && !self.0.contains(&0) && !self.0.contains(&b'/')
    }
}

/// What an entry stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Directory,
    /// A link to a path, which is not followed.
    Symlink(Vec<u8>),
    /// A file.
    File {
        /// Its length in bytes.
        size: u64,
        /// Length of all its blocks but the last, in bytes.
        unit: u32,
        /// Where its content is.
        content: Content,
    },
}

/// The blocks of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// At most 64 blocks.
    Blocks(Vec<BlockId>),
    /// Lists of 8192 blocks each but the last.
    Lists(Vec<BlockId>),
}

/// One line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The names from the source down.
    pub path: Vec<Component>,
    /// What it is.
    pub kind: EntryKind,
    /// When it was changed: seconds since 1970 and nanoseconds.
    pub modified: (i64, u32),
    /// The low 12 bits of its mode.
    pub mode: u32,
}

impl Entry {
    /// The components joined with one zero byte: what entries are ordered by.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        key(&self.path)
    }

    /// Bytes of content.
    #[must_use]
    pub fn size(&self) -> u64 {
        if let EntryKind::File { size, .. } = &self.kind { *size } else { 0 }
    }

    /// The line without its line feed.
    #[must_use]
    pub fn format(&self) -> String {
        let (seconds, nanoseconds) = self.modified;
        let path = json::array(&self.path, Component::format);
        let common = format!(r#""mtime":[{seconds},{nanoseconds}],"mode":{}"#, self.mode);
        match &self.kind {
            EntryKind::Directory => format!(r#"{{"path":{path},"type":"directory",{common}}}"#),
            EntryKind::Symlink(target) => {
                let target = Component(target.clone()).format();
                format!(r#"{{"path":{path},"type":"symlink",{common},"target":{target}}}"#)
            }
            EntryKind::File { size, unit, content } => {
                let (name, ids) = match content {
                    Content::Blocks(ids) => ("blocks", ids),
                    Content::Lists(ids) => ("lists", ids),
                };
                let ids = json::array(ids, |id| format!("\"{}\"", id.to_hex()));
                format!(
                    r#"{{"path":{path},"type":"file","size":{size},{common},"unit":{unit},"{name}":{ids}}}"#
                )
            }
        }
    }

    /// Reads a line without its line feed.
    ///
    /// # Errors
    ///
    /// `SNAPSHOT_TAMPERED` for whatever is wrong, but `PATH_UNSAFE` for names that lead elsewhere.
    pub fn parse(line: &[u8]) -> Result<Self, Error> {
        let value = Value::parse(line).ok_or_else(tampered)?;
        let entry = Self::read(&value).ok_or_else(tampered)?;
        if !entry.path.iter().all(Component::is_safe) {
            return Err(fault(Fault::PathUnsafe, "a name in the manifest leads elsewhere"));
        }
        Ok(entry)
    }

    fn read(value: &Value) -> Option<Self> {
        let path = value.get("path")?.list_of(Component::parse)?;
        let [seconds, nanoseconds] = value.get("mtime")?.list()? else { return None };
        let nanoseconds = nanoseconds.natural().filter(|value| *value < 1_000_000_000)?;
        let mode = value.get("mode")?.natural().filter(|mode| *mode <= MAX_MODE)?;
        let entry = Self {
            modified: (seconds.integer()?, u32::try_from(nanoseconds).ok()?),
            mode: u32::try_from(mode).ok()?,
            kind: kind(value)?,
            path,
        };
        fits(&entry.path).then_some(entry)
    }
}

/// The components of a path joined with one zero byte.
#[must_use]
pub fn key(path: &[Component]) -> Vec<u8> {
    path.iter().map(|component| component.0.as_slice()).collect::<Vec<_>>().join(&0)
}

/// Whether a path is within the limits of section 9.
#[must_use]
pub fn fits(path: &[Component]) -> bool {
    (1..=MAX_COMPONENTS).contains(&path.len())
        && path.iter().all(|component| component.0.len() <= MAX_COMPONENT_LEN)
        && key(path).len() <= MAX_PATH_LEN
}

fn kind(value: &Value) -> Option<EntryKind> {
    let has = |keys: &[&str]| keys.iter().any(|key| value.get(key).is_some());
    match value.get("type")?.text()? {
        "directory" if !has(&["size", "unit", "blocks", "lists", "target"]) => {
            Some(EntryKind::Directory)
        }
        "symlink" if !has(&["size", "unit", "blocks", "lists"]) => {
            let Component(target) = Component::parse(value.get("target")?)?;
            let fits = (1..=MAX_TARGET_LEN).contains(&target.len()) && !target.contains(&0);
            fits.then_some(EntryKind::Symlink(target))
        }
        "file" if !has(&["target"]) => file(value),
        _ => None,
    }
}

fn file(value: &Value) -> Option<EntryKind> {
    let size = value.get("size")?.natural()?;
    let unit = value.get("unit")?.natural()?;
    if unit != BLOCK_LEN as u64 && unit != DATABASE_BLOCK_LEN as u64 {
        return None;
    }
    let ids = |ids: &Value| ids.list_of(|id| Some(BlockId(hex::decode(id.text()?)?)));
    let count = size.div_ceil(unit);
    let inline = count <= MAX_INLINE_BLOCKS as u64;
    let content = match (value.get("blocks"), value.get("lists")) {
        (Some(blocks), None) if inline => {
            Content::Blocks(ids(blocks).filter(|ids| ids.len() as u64 == count)?)
        }
        (None, Some(lists)) if !inline => {
            let expected = count.div_ceil(LIST_BLOCKS as u64);
            let lists = ids(lists).filter(|ids| ids.len() as u64 == expected)?;
            (lists.len() <= MAX_LISTS).then_some(Content::Lists(lists))?
        }
        _ => return None,
    };
    Some(EntryKind::File { size, unit: u32::try_from(unit).ok()?, content })
}

/// The ids in a list's plaintext.
///
/// # Errors
///
/// `SNAPSHOT_TAMPERED` unless there are exactly `count`.
pub fn parse_list(plain: &[u8], count: u64) -> Result<Vec<BlockId>, Error> {
    let (ids, rest) = plain.as_chunks::<32>();
    if !rest.is_empty() || ids.len() as u64 != count {
        return Err(tampered());
    }
    Ok(ids.iter().copied().map(BlockId).collect())
}

pub(crate) fn tampered() -> Error {
    fault(Fault::SnapshotTampered, "the manifest does not have its form")
}
