//! Bytes that JavaScript hands over, copied before anything else can change them.

use napi::bindgen_prelude::{JsObjectValue, JsValue as _, Uint8ArraySlice, Unknown};
use napi::{Env, Result};
use zeroize::Zeroizing;

use crate::errors::{invalid, throwing};

/// A copy of `bytes` as of this moment.
///
/// Memory that several threads share is refused: another thread could write while it is copied.
pub(crate) fn copied(env: Env, bytes: &Uint8ArraySlice<'_>) -> Result<Zeroizing<Vec<u8>>> {
    unshared(env, bytes)?;
    Ok(Zeroizing::new(bytes.to_vec()))
}

/// Refuses memory that several threads share.
pub(crate) fn unshared<'env>(env: Env, bytes: &impl JsObjectValue<'env>) -> Result<()> {
    if bytes.get_named_property::<Unknown<'_>>("buffer")?.is_arraybuffer()? {
        return Ok(());
    }
    throwing(env, Err(invalid("bytes in shared memory cannot be used")))
}
