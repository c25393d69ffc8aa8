//! What the engine asks for, as JavaScript sees it.

use std::fmt;
use std::path::Path;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::desk::Request;
use crate::errors::number;

/// Digits of a digest in an object's name.
const DIGEST_LEN: usize = 64;

/// One request of the engine.
#[napi(object, object_from_js = false)]
pub struct CourierRequest {
    /// Its number, for the answer.
    pub id: u32,
    /// The `id` of the control of the operation that asks.
    pub operation: u32,
    /// What is asked for.
    #[napi(ts_type = "'list' | 'get' | 'put' | 'remove' | 'open' | 'read' | 'close' | 'copy'")]
    pub kind: &'static str,
    /// `list`: the beginning of the names. `get`, `put`, `remove`: the object's name.
    pub name: Option<String>,
    /// `get`: where a range begins; nothing for all bytes.
    pub offset: Option<f64>,
    /// `get`: length of the range. `put`: length of the object. `read`: bytes that are of use; more
    /// may be given.
    pub length: Option<f64>,
    /// `put`: SHA-256 of the bytes in hexadecimal digits, where the name has it.
    pub sha256: Option<String>,
    /// `open`, `copy`: position among the sources of the backup.
    pub source: Option<u32>,
    /// `open`, `read`, `close`: number of the stream.
    pub stream: Option<u32>,
    /// `copy`: path of the database.
    pub path: Option<Buffer>,
    /// `copy`: path of an empty file that becomes a consistent copy of it.
    pub target: Option<Buffer>,
}

impl CourierRequest {
    /// The request, for JavaScript.
    pub(crate) fn of(id: u32, operation: u32, request: Request) -> Self {
        let empty = Self {
            id,
            operation,
            kind: "",
            name: None,
            offset: None,
            length: None,
            sha256: None,
            source: None,
            stream: None,
            path: None,
            target: None,
        };
        match request {
            Request::List { prefix } => Self { kind: "list", name: Some(prefix), ..empty },
            Request::Get { name, range } => {
                let (offset, length) = range.unzip();
                let (offset, length) = (offset.map(number), length.map(number));
                Self { kind: "get", name: Some(name), offset, length, ..empty }
            }
            Request::Put { name, len } => {
                let (sha256, length) = (digest(&name), Some(number(len as u64)));
                Self { kind: "put", name: Some(name), length, sha256, ..empty }
            }
            Request::Remove { name } => Self { kind: "remove", name: Some(name), ..empty },
            Request::Open { source, stream } => {
                Self { kind: "open", source: Some(source), stream: Some(stream), ..empty }
            }
            Request::Read { stream, len } => {
                let length = Some(number(len as u64));
                Self { kind: "read", stream: Some(stream), length, ..empty }
            }
            Request::Close { stream } => Self { kind: "close", stream: Some(stream), ..empty },
            Request::Copy { source, path, target } => {
                let (path, target) = (Some(bytes_of(&path)), Some(bytes_of(&target)));
                Self { kind: "copy", source: Some(source), path, target, ..empty }
            }
        }
    }
}

impl fmt::Debug for CourierRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CourierRequest({} {})", self.id, self.kind)
    }
}

fn bytes_of(path: &Path) -> Buffer {
    path.as_os_str().as_encoded_bytes().to_vec().into()
}

/// The digest that ends the name of a sealed object.
fn digest(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".age")?;
    let digits = stem.get(stem.len().checked_sub(DIGEST_LEN)?..)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| digits.to_owned())
}
