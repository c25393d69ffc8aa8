//! Promises of work on the pool. The one place that schedules.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holdfast_seal::crew::Call;
use holdfast_seal::error::Error as CoreError;
use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Result};

use crate::control::Control;
use crate::errors::to_js;
use crate::pool::Turn;
use crate::presence::Presence;
use crate::settings::settings;

/// Promise of `work`'s outcome. `convert` runs on the JavaScript thread.
///
/// The promise is settled whatever happens, also after a panic and when no thread can be had,
/// unless the environment ends before.
pub(crate) fn promise<'env, T, J, W, C>(
    env: &'env Env,
    control: &Control,
    work: W,
    convert: C,
) -> Result<Object<'env>>
where
    T: Send + 'static,
    J: ToNapiValue + 'static,
    W: FnOnce(&Call) -> std::result::Result<T, CoreError> + Send + 'static,
    C: FnOnce(T) -> J + Send + 'static,
{
    let settings = settings();
    let presence = Presence::of(*env)?;
    let pool = settings.pool.clone();
    let call = Call {
        control: Arc::clone(&control.0),
        crew: Arc::new(pool.clone()),
        limits: settings.limits(),
    };
    let (deferred, promise) = env.create_deferred::<J, Box<dyn FnOnce(Env) -> Result<J>>>()?;
    pool.submit(Box::new(move |turn| {
        let outcome = match turn {
            Turn::Lead => {
                let _running = presence.begin();
                guarded(move || call.control.check().and_then(|()| work(&call)))
            }
            Turn::Refused => Err(internal("no thread can be started".to_owned())),
        };
        if presence.is_gone() {
            return;
        }
        deferred.resolve(Box::new(move |env| match outcome {
            Ok(value) => Ok(convert(value)),
            Err(error) => Err(to_js(env, &error)),
        }));
    }));
    Ok(promise)
}

/// The outcome of `work`, or its panic as a failure.
fn guarded<T>(
    work: impl FnOnce() -> std::result::Result<T, CoreError>,
) -> std::result::Result<T, CoreError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(internal(format!("the work panicked: {}", said(&*panic)))))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

fn internal(what: String) -> CoreError {
    CoreError::Internal { what }
}
