//! One operation's line to JavaScript: the engine's store.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_repository::error::Error;
use holdfast_repository::store::{ObjectInfo, Store};
use holdfast_seal::control::Control as CoreControl;
use holdfast_seal::error::Error as CoreError;

use crate::control::Control;
use crate::courier::Post;
use crate::desk::{Answer, Request};

/// Failures that are remembered, to find the request behind an operation's.
const MAX_FAILURES: usize = 64;

/// Asks JavaScript and waits. Cancelling the operation, or the end of the environment, wakes who
/// waits.
pub(crate) struct Line {
    post: Arc<Post>,
    control: Arc<CoreControl>,
    operation: u32,
    failures: Mutex<VecDeque<(u32, Error)>>,
}

impl Line {
    pub(crate) fn new(post: &Arc<Post>, control: &Control) -> Self {
        control.watch(&post.desk);
        let (post, control, operation) =
            (Arc::clone(post), Arc::clone(control.core()), control.id());
        Self { post, control, operation, failures: Mutex::default() }
    }

    /// The request that failed with `error`.
    pub(crate) fn request_of(&self, error: &Error) -> Option<u32> {
        let error = match error {
            Error::Entry { cause, .. } => cause,
            error => error,
        };
        let failures = self.failures();
        failures.iter().rev().find(|(_, failure)| failure == error).map(|(id, _)| *id)
    }

    /// The answer to `request`.
    pub(crate) fn ask(&self, request: Request) -> Result<Answer, Error> {
        self.ask_with(request, Vec::new())
    }

    /// The same, with what is put or with memory for what is got.
    fn ask_with(&self, request: Request, memory: Vec<u8>) -> Result<Answer, Error> {
        let left = self.post.desk.leave(self.operation, request, memory);
        let (id, answered) = left.ok_or(CoreError::Cancelled)?;
        // A cancellation before the request was left gave up nothing.
        if self.control.check().is_err() || !self.post.ring(id) {
            self.post.desk.withdraw(id);
            return Err(CoreError::Cancelled.into());
        }
        match answered.recv() {
            Ok(Answer::Failed { code, message }) => Err(self.failed(id, code, message)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(CoreError::Cancelled.into()),
        }
    }

    fn failed(&self, id: u32, code: String, message: String) -> Error {
        if code == "CANCELLED" {
            return CoreError::Cancelled.into();
        }
        let error = Error::Store { code, message };
        let mut failures = self.failures();
        if failures.len() >= MAX_FAILURES {
            failures.pop_front();
        }
        failures.push_back((id, error.clone()));
        error
    }

    /// Whether `request` was done.
    pub(crate) fn done(&self, request: Request) -> Result<(), Error> {
        match self.ask(request)? {
            Answer::Done(_) => Ok(()),
            other => Err(misplaced(&other)),
        }
    }

    /// Leaves a request whose answer nobody waits for.
    pub(crate) fn tell(&self, request: Request) {
        if let Some((id, _)) = self.post.desk.leave(self.operation, request, Vec::new())
            && !self.post.ring(id)
        {
            self.post.desk.withdraw(id);
        }
    }

    fn failures(&self) -> MutexGuard<'_, VecDeque<(u32, Error)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Line {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        match self.ask(Request::List { prefix: prefix.to_owned() })? {
            Answer::List(objects) => Ok(objects),
            other => Err(misplaced(&other)),
        }
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        let mut memory = Vec::new();
        Ok(self.get_into(name, range, &mut memory)?.then_some(memory))
    }

    fn get_into(
        &self,
        name: &str,
        range: Option<(u64, u64)>,
        memory: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let request = Request::Get { name: name.to_owned(), range };
        match self.ask_with(request, std::mem::take(memory))? {
            Answer::Bytes(Some(bytes)) => {
                *memory = bytes;
                Ok(true)
            }
            Answer::Bytes(None) => Ok(false),
            other => Err(misplaced(&other)),
        }
    }

    fn put(&self, name: &str, mut bytes: Vec<u8>) -> Result<(), Error> {
        self.put_lent(name, &mut bytes)
    }

    fn put_lent(&self, name: &str, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let request = Request::Put { name: name.to_owned(), len: bytes.len() };
        match self.ask_with(request, std::mem::take(bytes))? {
            Answer::Done(memory) => {
                *bytes = memory;
                Ok(())
            }
            other => Err(misplaced(&other)),
        }
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.done(Request::Remove { name: name.to_owned() })
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Line({})", self.operation)
    }
}

/// Another answer than the request has.
pub(crate) fn misplaced(answer: &Answer) -> Error {
    let kind = match answer {
        Answer::List(_) => "a list",
        Answer::Bytes(_) => "bytes",
        Answer::Done(_) => "done",
        Answer::Failed { .. } => "a failure",
    };
    CoreError::Internal { what: format!("the courier answered with {kind}") }.into()
}
