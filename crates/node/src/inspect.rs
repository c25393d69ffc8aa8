//! What a sealed file tells without a credential.

use holdfast_seal::inspect::{self, Info as CoreInfo, StanzaInfo as CoreStanza, StanzaKind};
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::errors::number;
use crate::places::{PathLike, place};
use crate::task::promise;

/// What the header and the length of a sealed file say. None of it is authenticated.
#[napi(object, object_from_js = false, use_nullable = true)]
#[derive(Debug)]
pub struct Info {
    /// Whether the file is ASCII armored.
    pub armored: bool,
    /// The stanzas, in order.
    pub stanzas: Vec<StanzaInfo>,
    /// Length of the header in bytes.
    pub header_bytes: f64,
    /// Length of the binary sealed file in bytes; unknown for armor and streams.
    pub sealed_bytes: Option<f64>,
    /// Length of the plaintext in bytes; unknown for armor and streams.
    pub bytes: Option<f64>,
}

/// One way into the file.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct StanzaInfo {
    /// What opens it.
    #[napi(ts_type = "'argon2id' | 'mlkem768x25519' | 'x25519' | 'scrypt' | 'unknown'")]
    pub kind: &'static str,
    /// The type, as it stands in the file.
    pub tag: String,
    /// Argon2id memory in KiB.
    pub memory_kib: Option<f64>,
    /// Argon2id passes over the memory.
    pub passes: Option<f64>,
    /// Argon2id lanes.
    pub lanes: Option<f64>,
    /// scrypt work factor as a power of two.
    pub log_n: Option<f64>,
}

/// Reads the header of `source`.
///
/// # Errors
///
/// Rejects as the core's `inspect_file` fails; throws for an argument that is no path.
#[napi(ts_return_type = "Promise<Info>", catch_unwind)]
pub fn inspect_file<'env>(
    env: &'env Env,
    control: &Control,
    #[napi(ts_arg_type = "string | Uint8Array | null")] source: PathLike<'env>,
) -> Result<Object<'env>> {
    let source = place(*env, source, "source")?;
    promise(env, control, move |call| inspect::inspect_file(&source, call), Info::from)
}

impl From<CoreInfo> for Info {
    fn from(info: CoreInfo) -> Self {
        Self {
            armored: info.armored,
            stanzas: info.stanzas.into_iter().map(StanzaInfo::from).collect(),
            header_bytes: number(info.header_bytes),
            sealed_bytes: info.sealed_bytes.map(number),
            bytes: info.bytes.map(number),
        }
    }
}

impl From<CoreStanza> for StanzaInfo {
    fn from(stanza: CoreStanza) -> Self {
        let tag = stanza.tag;
        let plain =
            Self { kind: "unknown", tag, memory_kib: None, passes: None, lanes: None, log_n: None };
        match stanza.kind {
            StanzaKind::Argon2id { memory_kib, passes, lanes } => Self {
                kind: "argon2id",
                memory_kib: Some(number(memory_kib)),
                passes: Some(number(passes)),
                lanes: Some(number(lanes)),
                ..plain
            },
            StanzaKind::Hybrid => Self { kind: "mlkem768x25519", ..plain },
            StanzaKind::X25519 => Self { kind: "x25519", ..plain },
            StanzaKind::Scrypt { log_n } => {
                Self { kind: "scrypt", log_n: Some(number(log_n)), ..plain }
            }
            StanzaKind::Unknown => plain,
        }
    }
}
