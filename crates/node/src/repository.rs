//! The handle of an open repository.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use holdfast_repository::access::{Access, Entrance};
use holdfast_repository::create::Protection;
use holdfast_repository::error::Error;
use holdfast_seal::control::Phase;
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::courier::{Courier, Post};
use crate::credentials::CredentialSet;
use crate::errors::{invalid, number, throwing};
use crate::operation::{Operation, start};
use crate::places::{PathLike, optional};
use crate::records::Failure;

/// A repository with its destination, for the threads of its operations.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) access: Arc<Access>,
    pub(crate) post: Arc<Post>,
}

/// What making or opening a repository came to.
struct Opened {
    access: Access,
    warnings: Vec<Error>,
}

/// An open repository, until it is closed.
#[napi]
pub struct RepositoryHandle {
    held: RefCell<Option<Held>>,
    id: String,
    epoch: u64,
    is_protected: bool,
    warnings: Vec<Error>,
}

#[napi]
impl RepositoryHandle {
    /// Its name: 32 hexadecimal digits.
    #[napi(getter)]
    #[must_use]
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// The epoch that is open.
    #[napi(getter)]
    #[must_use]
    pub fn epoch(&self) -> f64 {
        number(self.epoch)
    }

    /// Whether only its credentials open it.
    #[napi(getter)]
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.is_protected
    }

    /// What was noticed when it was opened.
    #[napi(getter)]
    #[must_use]
    pub fn warnings(&self) -> Vec<Failure> {
        self.warnings.iter().map(Failure::of).collect()
    }

    /// Forgets its keys. Operations that have begun keep them until they end.
    #[napi]
    pub fn close(&self) {
        self.held.replace(None);
    }
}

impl RepositoryHandle {
    fn new(post: Arc<Post>, opened: Opened) -> Self {
        let Opened { access, warnings } = opened;
        Self {
            id: access.id().to_hex(),
            epoch: access.epoch(),
            is_protected: access.is_protected(),
            held: RefCell::new(Some(Held { access: Arc::new(access), post })),
            warnings,
        }
    }

    /// What operations need.
    pub(crate) fn held(&self, env: Env) -> Result<Held> {
        let held = self.held.borrow().clone();
        throwing(env, held.ok_or_else(|| invalid("the repository is closed")))
    }
}

impl fmt::Debug for RepositoryHandle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RepositoryHandle({})", self.id)
    }
}

/// Makes a repository that `credentials` open; whoever reads the destination, if there are none.
/// `state`: the folder where this machine keeps its state of repositories.
///
/// # Errors
///
/// Rejects as the core's `create` fails; throws for a closed courier and for what is no path.
#[napi(ts_return_type = "Promise<RepositoryHandle>", catch_unwind)]
pub fn create_repository<'env>(
    env: &'env Env,
    control: &Control,
    courier: &Courier,
    credentials: &CredentialSet,
    #[napi(ts_arg_type = "string | Uint8Array | null")] state: PathLike<'env>,
) -> Result<Object<'env>> {
    let state = optional(*env, state, "state")?;
    let (post, credentials) = (courier.post(*env)?, credentials.list());
    let make = move |operation: &Operation<'_>| {
        operation.call.control.set_phase(Phase::Deriving);
        let protection =
            if credentials.is_empty() { Protection::Off } else { Protection::On(&credentials) };
        let machine = (&operation.call.limits, state.as_deref());
        let access = Access::create(&operation.store(), protection, machine, &operation.reports)?;
        Ok(Opened { access, warnings: operation.reports.all() })
    };
    opening(env, control, &post, make)
}

/// Opens the repository with the first of `credentials` that does.
///
/// # Errors
///
/// Rejects as the core's `Access::open` fails; throws for a closed courier and for what is no path.
#[napi(ts_return_type = "Promise<RepositoryHandle>", catch_unwind)]
pub fn open_repository<'env>(
    env: &'env Env,
    control: &Control,
    courier: &Courier,
    credentials: &CredentialSet,
    #[napi(ts_arg_type = "string | Uint8Array | null")] state: PathLike<'env>,
    accept_rollback: bool,
) -> Result<Object<'env>> {
    let state: Option<PathBuf> = optional(*env, state, "state")?;
    let (post, credentials) = (courier.post(*env)?, credentials.credentials());
    let open = move |operation: &Operation<'_>| {
        operation.call.control.set_phase(Phase::Deriving);
        let entrance = Entrance {
            credentials: &credentials,
            state: state.as_deref(),
            limits: &operation.call.limits,
            accept_rollback,
        };
        let access = Access::open(&operation.store(), &entrance, &operation.reports)?;
        Ok(Opened { access, warnings: operation.reports.all() })
    };
    opening(env, control, &post, open)
}

fn opening<'env>(
    env: &'env Env,
    control: &Control,
    post: &Arc<Post>,
    open: impl FnOnce(&Operation<'_>) -> std::result::Result<Opened, Error> + Send + 'static,
) -> Result<Object<'env>> {
    let kept = Arc::clone(post);
    start(env, control, post, open, move |opened| RepositoryHandle::new(kept, opened))
}
