//! Files in, files out: sealing, opening, verifying.

use holdfast_seal::credential::{Note, Recipients};
use holdfast_seal::opening::{self, Opened as CoreOpened};
use holdfast_seal::sealing::{self, Publish, Sealed as CoreSealed};
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::errors::number;
use crate::places::{PathLike, place};
use crate::sets::{IdentitySet, RecipientSet};
use crate::task::promise;

/// What sealing made.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Sealed {
    /// Length of the plaintext in bytes.
    pub bytes: f64,
    /// Length of the sealed file in bytes.
    pub sealed_bytes: f64,
    /// Whether the password's cost was lowered, because memory is short.
    pub cost_lowered: bool,
}

/// What opening or verifying found.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Opened {
    /// Length of the plaintext in bytes.
    pub bytes: f64,
    /// Length of the sealed file in bytes.
    pub sealed_bytes: f64,
}

/// Seals `source` into `target`.
///
/// # Errors
///
/// Rejects as the core's `seal_file` fails; throws for arguments that are no paths.
#[napi(ts_return_type = "Promise<Sealed>", catch_unwind)]
pub fn seal_file<'env>(
    env: &'env Env,
    control: &Control,
    #[napi(ts_arg_type = "string | Uint8Array | null")] source: PathLike<'env>,
    #[napi(ts_arg_type = "string | Uint8Array | null")] target: PathLike<'env>,
    to: &RecipientSet,
    overwrite: bool,
    sync: bool,
) -> Result<Object<'env>> {
    let (source, target) = (place(*env, source, "source")?, place(*env, target, "target")?);
    let (to, publish) = (to.list(), Publish { overwrite, sync });
    promise(
        env,
        control,
        move |call| sealing::seal_file(&source, &target, &Recipients::new(to)?, publish, call),
        Sealed::from,
    )
}

/// Opens `source` into `target`.
///
/// # Errors
///
/// Rejects as the core's `open_file` fails; throws for arguments that are no paths.
#[napi(ts_return_type = "Promise<Opened>", catch_unwind)]
pub fn open_file<'env>(
    env: &'env Env,
    control: &Control,
    #[napi(ts_arg_type = "string | Uint8Array | null")] source: PathLike<'env>,
    #[napi(ts_arg_type = "string | Uint8Array | null")] target: PathLike<'env>,
    identities: &IdentitySet,
    overwrite: bool,
    sync: bool,
) -> Result<Object<'env>> {
    let (source, target) = (place(*env, source, "source")?, place(*env, target, "target")?);
    let (with, publish) = (identities.list(), Publish { overwrite, sync });
    promise(
        env,
        control,
        move |call| opening::open_file(&source, &target, &with, publish, call),
        Opened::from,
    )
}

/// Opens every chunk of `source` and keeps nothing.
///
/// # Errors
///
/// Rejects as the core's `verify_file` fails; throws for arguments that are no paths.
#[napi(ts_return_type = "Promise<Opened>", catch_unwind)]
pub fn verify_file<'env>(
    env: &'env Env,
    control: &Control,
    #[napi(ts_arg_type = "string | Uint8Array | null")] source: PathLike<'env>,
    identities: &IdentitySet,
) -> Result<Object<'env>> {
    let (source, with) = (place(*env, source, "source")?, identities.list());
    promise(env, control, move |call| opening::verify_file(&source, &with, call), Opened::from)
}

impl From<CoreSealed> for Sealed {
    fn from(sealed: CoreSealed) -> Self {
        Self {
            bytes: number(sealed.bytes),
            sealed_bytes: number(sealed.sealed_bytes),
            cost_lowered: sealed.notes.contains(&Note::CostLowered),
        }
    }
}

impl From<CoreOpened> for Opened {
    fn from(opened: CoreOpened) -> Self {
        Self { bytes: number(opened.bytes), sealed_bytes: number(opened.sealed_bytes) }
    }
}
