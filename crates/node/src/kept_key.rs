//! A 64-digit key, kept as a few bytes under a password.

use holdfast_seal::control::Phase;
use holdfast_seal::credential::{Identity, Recipient, Recipients};
use holdfast_seal::kept_key;
use napi::bindgen_prelude::{Object, Uint8Array, Uint8ArraySlice};
use napi::{Env, Result};
use napi_derive::napi;

use crate::bytes::copied;
use crate::control::Control;
use crate::errors::throwing;
use crate::key::KeyHandle;
use crate::password::PasswordHandle;
use crate::task::promise;

/// Seals `key` under `password`, with one key derivation.
///
/// # Errors
///
/// Rejects as the core's `seal_key` fails; throws `INVALID_ARGUMENT` for closed handles.
#[napi(ts_return_type = "Promise<Uint8Array>", catch_unwind)]
pub fn seal_key<'env>(
    env: &'env Env,
    control: &Control,
    key: &KeyHandle,
    password: &PasswordHandle,
) -> Result<Object<'env>> {
    let key = throwing(*env, key.key())?;
    let cost = password.cost();
    let to = vec![Recipient::Password { password: throwing(*env, password.password())?, cost }];
    promise(
        env,
        control,
        move |call| {
            let to = Recipients::new(to)?;
            call.control.set_phase(Phase::Deriving);
            kept_key::seal_key(&key, &to, &call.limits)
        },
        Uint8Array::new,
    )
}

/// Opens what [`seal_key`] made.
///
/// # Errors
///
/// Rejects as the core's `open_key` fails; throws `INVALID_ARGUMENT` for a closed handle and for
/// shared memory.
#[napi(ts_return_type = "Promise<KeyHandle>", catch_unwind)]
pub fn open_key<'env>(
    env: &'env Env,
    control: &Control,
    sealed: Uint8ArraySlice<'env>,
    password: &PasswordHandle,
) -> Result<Object<'env>> {
    let sealed = copied(*env, &sealed)?;
    let with = [Identity::Password(throwing(*env, password.password())?)];
    promise(
        env,
        control,
        move |call| {
            call.control.set_phase(Phase::Deriving);
            kept_key::open_key(&sealed, &with, &call.limits)
        },
        KeyHandle::new,
    )
}
