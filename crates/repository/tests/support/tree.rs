//! A restored tree in the words of `expected.json`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::hex;

/// Every entry below `target`, by its path.
pub fn restored(target: &Path) -> BTreeMap<String, Value> {
    let mut entries = BTreeMap::new();
    let mut folders = vec![(target.to_owned(), Vec::new())];
    while let Some((folder, path)) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let mut path = path.clone();
            path.push(component(entry.file_name().as_bytes()));
            let metadata = entry.path().symlink_metadata().unwrap();
            let mut value = json!({
                "path": path,
                "mode": metadata.permissions().mode() & 0o7777,
                "mtime": [metadata.mtime(), metadata.mtime_nsec()],
            });
            if metadata.is_dir() {
                value["type"] = json!("directory");
                folders.push((entry.path(), path.clone()));
            } else if metadata.is_symlink() {
                value["type"] = json!("symlink");
                let target = fs::read_link(entry.path()).unwrap();
                value["target"] = component(target.as_os_str().as_bytes());
            } else {
                let bytes = fs::read(entry.path()).unwrap();
                value["type"] = json!("file");
                value["size"] = json!(bytes.len());
                value["sha256"] = json!(hex(&Sha256::digest(bytes)));
            }
            entries.insert(json!(path).to_string(), value);
        }
    }
    entries
}

/// Compares what was restored with a snapshot of `expected.json`, entry by entry.
pub fn assert_same(target: &Path, snapshot: &Value) {
    let (restored, expected) = (restored(target), expected(snapshot));
    for (path, entry) in &expected {
        assert_eq!(restored.get(path), Some(entry));
    }
    let more: Vec<_> = restored.keys().filter(|path| !expected.contains_key(*path)).collect();
    assert_eq!(more, [""; 0]);
}

/// How many files and links of a snapshot are missing, after those that are there were compared.
pub fn missing(target: &Path, snapshot: &Value) -> usize {
    let (restored, expected) = (restored(target), expected(snapshot));
    let leaves = expected.iter().filter(|(_, entry)| entry["type"] != "directory");
    let (there, missing): (Vec<_>, Vec<_>) =
        leaves.partition(|(path, _)| restored.contains_key(*path));
    for (path, entry) in there {
        assert_eq!(restored.get(path), Some(entry));
    }
    missing.len()
}

/// Every entry that a snapshot of `expected.json` has, by its path.
pub fn expected(snapshot: &Value) -> BTreeMap<String, Value> {
    let entries = snapshot["tree"].as_array().unwrap().iter().map(|entry| {
        let mut entry = entry.clone();
        let members = entry.as_object_mut().unwrap();
        members.remove("unit");
        members.remove("blocks");
        members.remove("lists");
        (entry["path"].to_string(), entry)
    });
    entries.collect()
}

fn component(bytes: &[u8]) -> Value {
    str::from_utf8(bytes)
        .map_or_else(|_| json!({ "b64": STANDARD_NO_PAD.encode(bytes) }), |text| json!(text))
}
