//! The credentials of a repository: listed, added, changed, removed.

use std::sync::Arc;

use holdfast_repository::error::Error;
use holdfast_repository::keyring::Keyring;
use holdfast_repository::listing::Listed;
use holdfast_seal::control::Phase;
use holdfast_seal::error::CredentialKind;
use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::credentials::CredentialSet;
use crate::errors::throwing;
use crate::operation::{Operation, start};
use crate::records::signed;
use crate::repository::RepositoryHandle;

/// A credential, as the repository shows it without opening it.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct CredentialRecord {
    /// The name of its slot.
    pub name: String,
    /// Its kind.
    #[napi(ts_type = "'password' | 'key'")]
    pub kind: &'static str,
    /// When it was stored, by the destination's clock: seconds since 1970.
    pub created: Option<f64>,
}

/// Lists the credentials.
///
/// # Errors
///
/// Rejects as the core's `Access::now` and `Keyring::list` fail; throws for a closed handle.
#[napi(ts_return_type = "Promise<CredentialRecord[]>", catch_unwind)]
pub fn repository_credentials<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
) -> Result<Object<'env>> {
    let list = |keyring: &Keyring<'_>| keyring.list();
    with_keyring(env, control, repository, list, told)
}

/// Lets another credential open the repository; the name of its slot.
///
/// # Errors
///
/// Rejects as the core's `Keyring::add` fails; throws for a closed handle, and unless there is one
/// credential.
#[napi(ts_return_type = "Promise<string>", catch_unwind)]
pub fn repository_add_credential<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    credential: &CredentialSet,
) -> Result<Object<'env>> {
    let (credential, label) = throwing(*env, credential.one())?;
    let add = move |keyring: &Keyring<'_>| keyring.add(&credential, &label);
    with_keyring(env, control, repository, add, |name| name)
}

/// Replaces the credential `old`; the name of the new slot.
///
/// # Errors
///
/// Rejects as the core's `Keyring::change` fails; throws for a closed handle, and unless there is
/// one credential each.
#[napi(ts_return_type = "Promise<string>", catch_unwind)]
pub fn repository_change_credential<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    old: &CredentialSet,
    next: &CredentialSet,
) -> Result<Object<'env>> {
    let (old, _) = throwing(*env, old.one())?;
    let (next, label) = throwing(*env, next.one())?;
    let change = move |keyring: &Keyring<'_>| keyring.change(&old, &next, &label);
    with_keyring(env, control, repository, change, |name| name)
}

/// Removes the credential whose slot has this name; `own` is one that is to stay.
///
/// # Errors
///
/// Rejects as the core's `Keyring::remove` fails; throws for a closed handle, and unless there is
/// one credential of one's own.
#[napi(ts_return_type = "Promise<void>", catch_unwind)]
pub fn repository_remove_credential<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    name: String,
    own: &CredentialSet,
) -> Result<Object<'env>> {
    let (own, _) = throwing(*env, own.one())?;
    let remove = move |keyring: &Keyring<'_>| keyring.remove(&name, &own);
    with_keyring(env, control, repository, remove, |()| ())
}

fn with_keyring<'env, T, J>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    work: impl FnOnce(&Keyring<'_>) -> std::result::Result<T, Error> + Send + 'static,
    convert: impl FnOnce(T) -> J + Send + 'static,
) -> Result<Object<'env>>
where
    T: Send + 'static,
    J: ToNapiValue + 'static,
{
    let held = repository.held(*env)?;
    let access = held.access;
    let work = move |operation: &Operation<'_>| {
        let now = access.now(operation.store(), Arc::clone(&operation.reports))?;
        operation.call.control.set_phase(Phase::Deriving);
        work(&Keyring { repository: &now.repository, limits: &operation.call.limits })
    };
    start(env, control, &held.post, work, convert)
}

fn told(slots: Vec<(CredentialKind, Listed)>) -> Vec<CredentialRecord> {
    let record = |(kind, listed): (CredentialKind, Listed)| CredentialRecord {
        name: listed.name,
        kind: kind.as_str(),
        created: listed.modified.map(signed),
    };
    slots.into_iter().map(record).collect()
}
