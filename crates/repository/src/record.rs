//! The records that an epoch's holders write: complete, snapshot, tombstone (section 6).

use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::json::{self, Value};
use crate::keys::{EpochKeys, MacKind};
use crate::manifest::Component;
use crate::text::{self, Length};
use crate::time::Time;

/// Names a snapshot or a tombstone: 16 random bytes.
pub type Id = [u8; 16];

/// That an epoch is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    /// The epoch's number, from 1.
    pub epoch: u64,
    /// Whether the epoch has slots.
    pub protected: bool,
    /// The last complete epoch below, or 0.
    pub previous: u64,
    /// The highest sequence seen when this was written, or 0.
    pub highest: u64,
    /// When it was written.
    pub time: Time,
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub id: Id,
    /// One above the highest that its writer saw.
    pub sequence: u64,
    /// The snapshot that it was compared with.
    pub parent: Option<Id>,
    /// All other snapshots of the epoch that its writer saw.
    pub live: Vec<Id>,
    /// When its session began.
    pub time: Time,
    /// The machine that made it.
    pub host: String,
    /// The first components of its paths, in order.
    pub sources: Vec<Component>,
    /// Words of the user's.
    pub tags: Vec<String>,
    /// Number of entries.
    pub entries: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// The pages of its manifest, in order.
    pub pages: Vec<[u8; 32]>,
    /// Whether something could not be read.
    pub incomplete: bool,
}

/// What a forget or a prune intends to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Its name.
    pub id: Id,
    /// When it was written.
    pub time: Time,
    /// The highest sequence seen when this was written, or 0.
    pub highest: u64,
    /// Packs, by their names.
    pub packs: Vec<[u8; 32]>,
    /// Indexes, by their names.
    pub indexes: Vec<[u8; 32]>,
    /// Snapshots, by their ids.
    pub snapshots: Vec<Id>,
}

impl Complete {
    /// The object's plaintext.
    #[must_use]
    pub fn format(&self, keys: &EpochKeys) -> Vec<u8> {
        let record = format!(
            r#"{{"type":"epoch","epoch":{},"protected":{},"previous":{},"highest":{},"time":"{}","features":[]}}"#,
            self.epoch,
            self.protected,
            self.previous,
            self.highest,
            self.time.format(),
        );
        text::format(&record, keys.mac(MacKind::Epoch), Length::Padded)
    }

    /// Reads the object's plaintext.
    ///
    /// # Errors
    ///
    /// `OBJECT_FORGED`, `MALFORMED`, `UNSUPPORTED_FEATURE`.
    pub fn parse(plain: &[u8], keys: &EpochKeys) -> Result<Self, Error> {
        let key = keys.mac(MacKind::Epoch);
        let (value, _) = text::parse(plain, key, Length::Padded, "epoch", Fault::ObjectForged)?;
        let read = || {
            let record = Self {
                epoch: natural(&value, "epoch")?,
                protected: value.get("protected")?.bool()?,
                previous: natural(&value, "previous")?,
                highest: natural(&value, "highest")?,
                time: time(&value)?,
            };
            (record.previous < record.epoch).then_some(record)
        };
        read().ok_or_else(|| malformed("complete"))
    }
}

impl Snapshot {
    /// The object's plaintext.
    #[must_use]
    pub fn format(&self, keys: &EpochKeys) -> Vec<u8> {
        let record = format!(
            r#"{{"type":"snapshot","id":"{}","sequence":{},"parent":{},"live":{},"time":"{}","host":{},"sources":{},"tags":{},"entries":{},"bytes":{},"pages":{},"incomplete":{},"features":[]}}"#,
            hex::encode(&self.id),
            self.sequence,
            self.parent.map_or_else(|| "null".to_owned(), |id| digits(&id)),
            json::array(&self.live, |id| digits(id)),
            self.time.format(),
            json::quote(&self.host),
            json::array(&self.sources, Component::format),
            json::array(&self.tags, |tag| json::quote(tag)),
            self.entries,
            self.bytes,
            json::array(&self.pages, |page| digits(page)),
            self.incomplete,
        );
        text::format(&record, keys.mac(MacKind::Snapshot), Length::Padded)
    }

    /// Reads the object's plaintext; returns the record's own bytes as well, by which two objects
    /// of one id are compared.
    ///
    /// # Errors
    ///
    /// `SNAPSHOT_TAMPERED`, `MALFORMED`, `UNSUPPORTED_FEATURE`.
    pub fn parse(plain: &[u8], keys: &EpochKeys) -> Result<(Self, Vec<u8>), Error> {
        let key = keys.mac(MacKind::Snapshot);
        let (value, line) =
            text::parse(plain, key, Length::Padded, "snapshot", Fault::SnapshotTampered)?;
        let read = || {
            let parent = match value.get("parent")? {
                Value::Null => None,
                parent => Some(hex::decode(parent.text()?)?),
            };
            Some(Self {
                id: hex::decode(value.get("id")?.text()?)?,
                sequence: natural(&value, "sequence")?,
                parent,
                live: names(&value, "live")?,
                time: time(&value)?,
                host: value.get("host")?.text()?.to_owned(),
                sources: value.get("sources")?.list_of(Component::parse)?,
                tags: value.get("tags")?.list_of(|tag| tag.text().map(str::to_owned))?,
                entries: natural(&value, "entries")?,
                bytes: natural(&value, "bytes")?,
                pages: names(&value, "pages")?,
                incomplete: value.get("incomplete")?.bool()?,
            })
        };
        read().map(|snapshot| (snapshot, line)).ok_or_else(|| malformed("snapshot"))
    }
}

impl Tombstone {
    /// The object's plaintext.
    #[must_use]
    pub fn format(&self, keys: &EpochKeys) -> Vec<u8> {
        let record = format!(
            r#"{{"type":"tombstone","id":"{}","time":"{}","highest":{},"packs":{},"indexes":{},"snapshots":{},"features":[]}}"#,
            hex::encode(&self.id),
            self.time.format(),
            self.highest,
            json::array(&self.packs, |name| digits(name)),
            json::array(&self.indexes, |name| digits(name)),
            json::array(&self.snapshots, |id| digits(id)),
        );
        text::format(&record, keys.mac(MacKind::Tombstone), Length::Padded)
    }

    /// Reads the object's plaintext.
    ///
    /// # Errors
    ///
    /// `OBJECT_FORGED`, `MALFORMED`, `UNSUPPORTED_FEATURE`.
    pub fn parse(plain: &[u8], keys: &EpochKeys) -> Result<Self, Error> {
        let key = keys.mac(MacKind::Tombstone);
        let (value, _) = text::parse(plain, key, Length::Padded, "tombstone", Fault::ObjectForged)?;
        let read = || {
            Some(Self {
                id: hex::decode(value.get("id")?.text()?)?,
                time: time(&value)?,
                highest: natural(&value, "highest")?,
                packs: names(&value, "packs")?,
                indexes: names(&value, "indexes")?,
                snapshots: names(&value, "snapshots")?,
            })
        };
        read().ok_or_else(|| malformed("tombstone"))
    }
}

fn digits(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(bytes))
}

fn natural(value: &Value, key: &str) -> Option<u64> {
    value.get(key)?.natural()
}

fn time(value: &Value) -> Option<Time> {
    Time::parse(value.get("time")?.text()?)
}

fn names<const N: usize>(value: &Value, key: &str) -> Option<Vec<[u8; N]>> {
    value.get(key)?.list_of(|name| hex::decode(name.text()?))
}

fn malformed(kind: &str) -> Error {
    fault(Fault::Malformed, format!("a {kind} record does not have its form"))
}
