//! What the engine's threads ask of JavaScript, until it is answered.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use holdfast_repository::store::ObjectInfo;

/// What is asked for.
pub(crate) enum Request {
    List { prefix: String },
    Get { name: String, range: Option<(u64, u64)> },
    Put { name: String, len: usize },
    Remove { name: String },
    Open { source: u32, stream: u32 },
    Read { stream: u32, len: usize },
    Close { stream: u32 },
    Copy { source: u32, path: PathBuf, target: PathBuf },
}

/// What JavaScript says to it.
#[derive(Debug)]
pub(crate) enum Answer {
    List(Vec<ObjectInfo>),
    Bytes(Option<Vec<u8>>),
    /// With the memory of what was put, to be used again.
    Done(Vec<u8>),
    Failed {
        code: String,
        message: String,
    },
}

/// All requests of one courier that are not answered. Who waits for one is woken by its answer, and
/// by its being given up.
#[derive(Default)]
pub(crate) struct Desk(Mutex<State>);

#[derive(Default)]
struct State {
    closed: bool,
    last: u32,
    waiting: HashMap<u32, Waiting>,
}

struct Waiting {
    operation: u32,
    /// Until JavaScript has it.
    request: Option<Request>,
    /// What is put, until it is taken; what is answered, as far as it came.
    memory: Vec<u8>,
    puts: bool,
    answer: Sender<Answer>,
}

impl Desk {
    /// Leaves a request here, with what it puts or with memory for what it gets; nothing where
    /// nobody will ever answer.
    pub(crate) fn leave(
        &self,
        operation: u32,
        request: Request,
        mut memory: Vec<u8>,
    ) -> Option<(u32, Receiver<Answer>)> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        let (answer, answered) = channel();
        let puts = matches!(request, Request::Put { .. });
        if !puts {
            memory.clear();
        }
        state.last = state.last.wrapping_add(1);
        let id = state.last;
        let request = Some(request);
        state.waiting.insert(id, Waiting { operation, request, memory, puts, answer });
        Some((id, answered))
    }

    /// The request and its operation, for JavaScript; nothing if it was given up.
    pub(crate) fn take(&self, id: u32) -> Option<(u32, Request)> {
        let mut state = self.lock();
        let waiting = state.waiting.get_mut(&id)?;
        let (operation, request) = (waiting.operation, waiting.request.take()?);
        if matches!(request, Request::Close { .. }) {
            // Nobody waits for its answer.
            state.waiting.remove(&id);
        }
        Some((operation, request))
    }

    /// Hands an answer to who waits for it, if anybody still does.
    pub(crate) fn answer(&self, id: u32, answer: Answer) {
        let waiting = self.lock().waiting.remove(&id);
        if let Some(waiting) = waiting {
            drop(waiting.answer.send(answer));
        }
    }

    /// Says that it is done.
    pub(crate) fn answer_done(&self, id: u32) {
        let waiting = self.lock().waiting.remove(&id);
        if let Some(Waiting { memory, answer, .. }) = waiting {
            drop(answer.send(Answer::Done(memory)));
        }
    }

    /// Copies what is put, from `offset` on, into `target`; returns how many bytes.
    pub(crate) fn fill(&self, id: u32, offset: usize, target: &mut [u8]) -> usize {
        let state = self.lock();
        let waiting = state.waiting.get(&id).filter(|waiting| waiting.puts);
        let left = waiting.and_then(|waiting| waiting.memory.get(offset..)).unwrap_or_default();
        let len = left.len().min(target.len());
        if let (Some(to), Some(from)) = (target.get_mut(..len), left.get(..len)) {
            to.copy_from_slice(from);
        }
        len
    }

    /// Moves out what is put; nothing if it is gone.
    pub(crate) fn take_bytes(&self, id: u32) -> Option<Vec<u8>> {
        let mut state = self.lock();
        let waiting = state.waiting.get_mut(&id).filter(|waiting| waiting.puts)?;
        Some(std::mem::take(&mut waiting.memory)).filter(|bytes| !bytes.is_empty())
    }

    /// Adds a copy of `bytes` to the answer.
    pub(crate) fn add(&self, id: u32, bytes: &[u8]) {
        let memory = self.lock().waiting.get_mut(&id).filter(|waiting| !waiting.puts).map(memory);
        // Copied outside of the lock; what is given up meanwhile is forgotten.
        let Some(mut memory) = memory else { return };
        memory.extend_from_slice(bytes);
        if let Some(waiting) = self.lock().waiting.get_mut(&id) {
            waiting.memory = memory;
        }
    }

    /// Answers with the bytes that were added.
    pub(crate) fn answer_added(&self, id: u32) {
        let waiting = self.lock().waiting.remove(&id);
        if let Some(Waiting { memory, answer, .. }) = waiting {
            drop(answer.send(Answer::Bytes(Some(memory))));
        }
    }

    /// Gives up one request.
    pub(crate) fn withdraw(&self, id: u32) {
        let given_up = self.lock().waiting.remove(&id);
        drop(given_up);
    }

    /// Gives up everything that the operation asked for.
    pub(crate) fn abandon(&self, operation: u32) {
        let mut state = self.lock();
        let (given_up, kept) =
            state.waiting.drain().partition(|(_, waiting)| waiting.operation == operation);
        state.waiting = kept;
        drop(state);
        drop::<HashMap<_, _>>(given_up);
    }

    /// Gives up everything, now and from now on.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let given_up = std::mem::take(&mut state.waiting);
        drop(state);
        drop(given_up);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn memory(waiting: &mut Waiting) -> Vec<u8> {
    std::mem::take(&mut waiting.memory)
}

impl fmt::Debug for Desk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let (waiting, closed) = (state.waiting.len(), state.closed);
        out.debug_struct("Desk").field("waiting", &waiting).field("closed", &closed).finish()
    }
}
