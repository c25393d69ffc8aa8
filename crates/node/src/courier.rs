//! Carries what the engine asks for to JavaScript, and the answers back.
//!
//! The engine's threads leave requests at the desk and ring; JavaScript is called with each request
//! on its own thread, answers by number, in any order, and blocks nobody meanwhile.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use holdfast_repository::store::ObjectInfo;
use holdfast_seal::error::Error as CoreError;
use napi::bindgen_prelude::{Buffer, BufferSlice, Function, Null, Uint8ArraySlice};
use napi::threadsafe_function::{
    ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue,
};
use napi::{Either, Env, Result, Status};
use napi_derive::napi;

use crate::bytes::unshared;
use crate::desk::{Answer, Desk};
use crate::errors::{invalid, number, throwing, whole};
use crate::presence::Presence;
use crate::request::CourierRequest;

/// Calls JavaScript with the request of a number. Weak: it keeps no process alive.
type Bell =
    ThreadsafeFunction<u32, UnknownReturnValue, Option<CourierRequest>, Status, false, true>;

/// The desk, and the bell that calls JavaScript to it.
pub(crate) struct Post {
    pub(crate) desk: Arc<Desk>,
    bell: Bell,
}

/// Carries requests to JavaScript and answers back, until closed.
#[napi]
pub struct Courier(RefCell<Option<Arc<Post>>>);

#[napi]
impl Courier {
    /// `requested` is called with each request, and with null for one that was cancelled before. It
    /// is held until the courier is closed.
    ///
    /// # Errors
    ///
    /// If the environment is ending.
    #[napi(constructor, catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "how napi hands functions over")]
    pub fn new(
        env: Env,
        #[napi(ts_arg_type = "(request: CourierRequest | null) => void")] requested: Function<
            '_,
            Option<CourierRequest>,
            UnknownReturnValue,
        >,
    ) -> Result<Self> {
        let desk = Arc::new(Desk::default());
        Presence::of(env)?.watch(&desk);
        let counter = Arc::clone(&desk);
        let bell = requested.build_threadsafe_function::<u32>().weak::<true>();
        let bell = bell.build_callback(move |context| {
            let id = context.value;
            Ok(counter
                .take(id)
                .map(|(operation, request)| CourierRequest::of(id, operation, request)))
        })?;
        Ok(Self(RefCell::new(Some(Arc::new(Post { desk, bell })))))
    }

    /// Answers `list`: names, lengths in bytes, and seconds since 1970 where known.
    #[napi(catch_unwind)]
    pub fn answer_list(
        &self,
        id: u32,
        names: Vec<String>,
        sizes: Vec<f64>,
        #[napi(ts_arg_type = "(number | null)[]")] modified: Vec<Either<f64, Null>>,
    ) {
        let listed = listed(names, sizes, modified);
        self.answer(id, listed.map_or_else(|error| failed(&error), Answer::List));
    }

    /// Answers `get` and `read`; null where there is no such object, and at the end of a stream.
    #[napi(catch_unwind)]
    pub fn answer_bytes(
        &self,
        env: Env,
        id: u32,
        #[napi(ts_arg_type = "Uint8Array | null")] bytes: Either<Uint8ArraySlice<'_>, Null>,
    ) {
        match &bytes {
            Either::A(bytes) if unshared(env, bytes).is_ok() => self.at_desk(|desk| {
                desk.add(id, bytes);
                desk.answer_added(id);
            }),
            Either::A(_) => self.answer(id, failed(&shared())),
            Either::B(Null) => self.answer(id, Answer::Bytes(None)),
        }
    }

    /// The beginning of an answer to `get`, or what follows it: `answerBytes` adds the last piece.
    #[napi(catch_unwind)]
    pub fn answer_part(
        &self,
        env: Env,
        id: u32,
        #[napi(ts_arg_type = "Uint8Array")] bytes: Uint8ArraySlice<'_>,
    ) {
        match unshared(env, &bytes) {
            Ok(()) => self.at_desk(|desk| desk.add(id, &bytes)),
            Err(_) => self.answer(id, failed(&shared())),
        }
    }

    /// Copies what a `put` stores, from `offset` on, into `target`; how many bytes that were: none
    /// at the end, and for what is no longer asked.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for shared memory and for what is no offset.
    #[napi(catch_unwind)]
    pub fn fill(
        &self,
        env: Env,
        id: u32,
        offset: f64,
        #[napi(ts_arg_type = "Uint8Array")] mut target: BufferSlice<'_>,
    ) -> Result<f64> {
        unshared(env, &target)?;
        let offset = whole(offset).and_then(|offset| usize::try_from(offset).ok());
        let offset = throwing(env, offset.ok_or_else(|| invalid("offset: not a whole number")))?;
        let post = self.0.borrow();
        let filled = post.as_ref().map(|post| post.desk.fill(id, offset, &mut target));
        Ok(number(filled.unwrap_or_default() as u64))
    }

    /// What a `put` stores, moved out and not copied where the runtime allows that; null for what
    /// was taken, and for what is no longer asked.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn take(&self, id: u32) -> Option<Buffer> {
        self.0.borrow().as_ref()?.desk.take_bytes(id).map(Buffer::from)
    }

    /// Answers `put`, `remove`, `open` and `copy`.
    #[napi]
    pub fn answer_done(&self, id: u32) {
        self.at_desk(|desk| desk.answer_done(id));
    }

    /// Answers any request: it failed.
    #[napi]
    pub fn answer_failure(&self, id: u32, code: String, message: String) {
        self.answer(id, Answer::Failed { code, message });
    }

    /// Fails what is not answered, and lets go of the function.
    #[napi]
    pub fn close(&self) {
        if let Some(post) = self.0.take() {
            post.desk.close();
        }
    }
}

impl Courier {
    /// Where requests are left.
    pub(crate) fn post(&self, env: Env) -> Result<Arc<Post>> {
        let post = self.0.borrow().clone();
        throwing(env, post.ok_or_else(|| invalid("the courier is closed")))
    }

    fn answer(&self, id: u32, answer: Answer) {
        self.at_desk(|desk| desk.answer(id, answer));
    }

    fn at_desk(&self, act: impl FnOnce(&Desk)) {
        if let Some(post) = &*self.0.borrow() {
            act(&post.desk);
        }
    }
}

impl Post {
    /// Calls JavaScript to the request `id`; false where its environment has ended.
    pub(crate) fn ring(&self, id: u32) -> bool {
        let desk = Arc::clone(&self.desk);
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        let status = self.bell.call_with_return_value(id, mode, move |returned, _| {
            if let Err(error) = returned {
                let message = format!("the courier failed: {}", error.reason);
                desk.answer(id, failed(&CoreError::Internal { what: message }));
            }
            Ok(())
        });
        status == Status::Ok
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.desk.fmt(out)
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Courier").field(&self.0.borrow()).finish()
    }
}

fn listed(
    names: Vec<String>,
    sizes: Vec<f64>,
    modified: Vec<Either<f64, Null>>,
) -> std::result::Result<Vec<ObjectInfo>, CoreError> {
    if names.len() != sizes.len() || names.len() != modified.len() {
        return Err(invalid("names, sizes and times must be equally many"));
    }
    let objects = names.into_iter().zip(sizes).zip(modified).map(|((name, size), modified)| {
        let size = whole(size).ok_or_else(|| invalid("a size is no length in bytes"))?;
        let modified = match modified {
            Either::A(seconds) => whole(seconds).and_then(|seconds| i64::try_from(seconds).ok()),
            Either::B(Null) => None,
        };
        Ok(ObjectInfo { name, size, modified })
    });
    objects.collect()
}

fn shared() -> CoreError {
    invalid("bytes in shared memory cannot be used")
}

fn failed(error: &CoreError) -> Answer {
    Answer::Failed { code: error.code().to_owned(), message: error.to_string() }
}
