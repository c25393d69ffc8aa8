//! Operations on repositories: each on a thread of its own, with a line to JavaScript.

use std::sync::Arc;

use holdfast_repository::error::{Error, Reports};
use holdfast_repository::store::Store;
use holdfast_seal::crew::Call;
use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Result};

use crate::control::Control;
use crate::courier::Post;
use crate::errors::Failed;
use crate::line::Line;
use crate::records::Failure;
use crate::task::promise_apart;

/// What an operation works with.
pub(crate) struct Operation<'a> {
    pub(crate) call: &'a Call,
    pub(crate) line: Arc<Line>,
    pub(crate) reports: Arc<Reports>,
}

impl Operation<'_> {
    /// The destination.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.line) as Arc<dyn Store>
    }

    /// What was noticed besides.
    pub(crate) fn warnings(&self) -> Vec<Failure> {
        self.reports.all().iter().map(Failure::of).collect()
    }
}

/// Promise of `work`'s outcome. `convert` runs on the JavaScript thread.
pub(crate) fn start<'env, T, J, W, C>(
    env: &'env Env,
    control: &Control,
    post: &Arc<Post>,
    work: W,
    convert: C,
) -> Result<Object<'env>>
where
    T: Send + 'static,
    J: ToNapiValue + 'static,
    W: FnOnce(&Operation<'_>) -> std::result::Result<T, Error> + Send + 'static,
    C: FnOnce(T) -> J + Send + 'static,
{
    run(env, control, post, work, |_| true, convert)
}

/// The same of work that makes files the user sees: once it writes, a failure is not safe.
pub(crate) fn start_writing<'env, T, J, W, C>(
    env: &'env Env,
    control: &Control,
    post: &Arc<Post>,
    work: W,
    convert: C,
) -> Result<Object<'env>>
where
    T: Send + 'static,
    J: ToNapiValue + 'static,
    W: FnOnce(&Operation<'_>) -> std::result::Result<T, Error> + Send + 'static,
    C: FnOnce(T) -> J + Send + 'static,
{
    // Cancelling what is over only tells whether it had begun to write.
    run(env, control, post, work, |call| call.control.cancel(), convert)
}

fn run<'env, T, J, W, C>(
    env: &'env Env,
    control: &Control,
    post: &Arc<Post>,
    work: W,
    is_untouched: fn(&Call) -> bool,
    convert: C,
) -> Result<Object<'env>>
where
    T: Send + 'static,
    J: ToNapiValue + 'static,
    W: FnOnce(&Operation<'_>) -> std::result::Result<T, Error> + Send + 'static,
    C: FnOnce(T) -> J + Send + 'static,
{
    let line = Arc::new(Line::new(post, control));
    let work = move |call: &Call| {
        let operation = Operation { call, line, reports: Arc::default() };
        work(&operation).map_err(|error| {
            if let Err(cancelled) = call.control.check() {
                // Whatever failed then failed because of that.
                return cancelled.into();
            }
            let request = operation.line.request_of(&error);
            let failed = Failed::from(error);
            Failed { request, safe: failed.safe && is_untouched(call), ..failed }
        })
    };
    promise_apart(env, control, work, convert)
}
