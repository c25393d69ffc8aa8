//! Promises of work on other threads. The one place that schedules.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use holdfast_seal::crew::Call;
use holdfast_seal::error::Error as CoreError;
use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Result};

use crate::control::Control;
use crate::errors::{Failed, to_js};
use crate::pool::{Operation, Turn};
use crate::presence::Presence;
use crate::settings::settings;

/// Promise of `work`'s outcome, done by the pool. `convert` runs on the JavaScript thread.
///
/// The promise is settled whatever happens, also after a panic and when no thread can be had,
/// unless the environment ends before.
pub(crate) fn promise<'env, T, E, J, W, C>(
    env: &'env Env,
    control: &Control,
    work: W,
    convert: C,
) -> Result<Object<'env>>
where
    T: Send + 'static,
    E: Into<Failed>,
    J: ToNapiValue + 'static,
    W: FnOnce(&Call) -> std::result::Result<T, E> + Send + 'static,
    C: FnOnce(T) -> J + Send + 'static,
{
    start(env, control, |operation| settings().pool.submit(operation), work, convert)
}

/// The same on a thread of its own, for work that waits for JavaScript: what JavaScript does to
/// answer it may need the pool.
pub(crate) fn promise_apart<'env, T, E, J, W, C>(
    env: &'env Env,
    control: &Control,
    work: W,
    convert: C,
) -> Result<Object<'env>>
where
    T: Send + 'static,
    E: Into<Failed>,
    J: ToNapiValue + 'static,
    W: FnOnce(&Call) -> std::result::Result<T, E> + Send + 'static,
    C: FnOnce(T) -> J + Send + 'static,
{
    start(env, control, lead, work, convert)
}

fn start<'env, T, E, J, W, C>(
    env: &'env Env,
    control: &Control,
    submit: impl FnOnce(Operation),
    work: W,
    convert: C,
) -> Result<Object<'env>>
where
    T: Send + 'static,
    E: Into<Failed>,
    J: ToNapiValue + 'static,
    W: FnOnce(&Call) -> std::result::Result<T, E> + Send + 'static,
    C: FnOnce(T) -> J + Send + 'static,
{
    let settings = settings();
    let presence = Presence::of(*env)?;
    let call = Call {
        control: Arc::clone(control.core()),
        crew: Arc::new(settings.pool.clone()),
        limits: settings.limits(),
    };
    let (deferred, promise) = env.create_deferred::<J, Box<dyn FnOnce(Env) -> Result<J>>>()?;
    submit(Box::new(move |turn| {
        let outcome = match turn {
            Turn::Lead => {
                let _running = presence.begin();
                guarded(move || {
                    call.control.check()?;
                    work(&call).map_err(Into::into)
                })
            }
            Turn::Refused => Err(internal("no thread can be started".to_owned())),
        };
        if presence.is_gone() {
            return;
        }
        deferred.resolve(Box::new(move |env| match outcome {
            Ok(value) => Ok(convert(value)),
            Err(failed) => Err(to_js(env, &failed)),
        }));
    }));
    Ok(promise)
}

/// Runs `operation` on a new thread.
fn lead(operation: Operation) {
    let waiting = Arc::new(Mutex::new(Some(operation)));
    let taken = Arc::clone(&waiting);
    let thread = thread::Builder::new().name("holdfast-lead".to_owned());
    let run = |waiting: &Mutex<Option<Operation>>, turn| {
        let operation = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(operation) = operation {
            operation(turn);
        }
    };
    if thread.spawn(move || run(&taken, Turn::Lead)).is_err() {
        run(&waiting, Turn::Refused);
    }
}

/// The outcome of `work`, or its panic as a failure.
fn guarded<T>(
    work: impl FnOnce() -> std::result::Result<T, Failed>,
) -> std::result::Result<T, Failed> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(internal(format!("the work panicked: {}", said(&*panic)))))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

fn internal(what: String) -> Failed {
    CoreError::Internal { what }.into()
}
