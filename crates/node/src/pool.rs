//! The threads that do the work: one queue per process, apart from libuv's four threads.
//!
//! Each operation has one leading thread. It may invite the others to share its work, and never
//! waits for one that has not come, so a full pool cannot lock up. Who helps goes back to the queue
//! as soon as an operation waits there.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use holdfast_seal::crew::{Crew, Help};

/// One operation, from its first check to the settling of its promise.
pub(crate) type Operation = Box<dyn FnOnce(Turn) + Send>;

/// What a queued operation is told when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It leads: this thread of the pool is its own until it returns.
    Lead,
    /// No thread can be started, and the caller's must not be blocked.
    Refused,
}

/// Threads that start when they are first needed and then stay.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    arrival: Condvar,
    limit: usize,
}

#[derive(Default)]
struct Queue {
    operations: VecDeque<Operation>,
    /// For threads that no operation waits for. Not kept alive by the queue: what is over needs no
    /// help.
    invitations: VecDeque<Weak<dyn Help>>,
    idle: usize,
    started: usize,
}

enum Task {
    Help(Weak<dyn Help>),
    Lead(Operation),
}

impl Pool {
    /// A pool of at most `limit` threads, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.max(1);
        Self(Arc::new(Shared { queue: Mutex::default(), arrival: Condvar::new(), limit }))
    }

    /// Queues `operation`.
    pub(crate) fn submit(&self, operation: Operation) {
        let mut queue = self.0.lock();
        queue.operations.push_back(operation);
        self.summon(&mut queue);
        if queue.started == 0 {
            let refused = queue.operations.pop_back();
            drop(queue);
            if let Some(operation) = refused {
                operation(Turn::Refused);
            }
        }
    }

    /// Wakes a thread for the newest task, or starts one while all are busy.
    fn summon(&self, queue: &mut Queue) {
        if queue.waiting() <= queue.idle {
            self.0.arrival.notify_one();
        } else if queue.started < self.0.limit {
            let shared = Arc::clone(&self.0);
            let name = format!("holdfast-{}", queue.started);
            if thread::Builder::new().name(name).spawn(move || shared.serve()).is_ok() {
                queue.started = queue.started.saturating_add(1);
            }
        }
    }
}

impl Crew for Pool {
    fn invite(&self, work: &Arc<dyn Help>) {
        let mut queue = self.0.lock();
        for _ in 1..self.0.limit {
            queue.invitations.push_back(Arc::downgrade(work));
            self.summon(&mut queue);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut queue = self.lock();
        loop {
            if let Some(task) = queue.next() {
                drop(queue);
                let declined = self.run(task);
                queue = self.lock();
                queue.invitations.extend(declined);
            } else {
                queue.idle = queue.idle.saturating_add(1);
                queue = self.arrival.wait(queue).unwrap_or_else(PoisonError::into_inner);
                queue.idle = queue.idle.saturating_sub(1);
            }
        }
    }

    /// Runs `task`; gives an invitation back if an operation was waiting. A panic ends the task,
    /// never the thread.
    fn run(&self, task: Task) -> Option<Weak<dyn Help>> {
        let work = || match task {
            Task::Lead(operation) => {
                operation(Turn::Lead);
                None
            }
            Task::Help(invitation) => {
                let left = Cell::new(false);
                invitation.upgrade()?.help(&|| {
                    left.set(!self.lock().operations.is_empty());
                    left.get()
                });
                Some(invitation).filter(|_| left.get())
            }
        };
        catch_unwind(AssertUnwindSafe(work)).ok().flatten()
    }
}

impl Queue {
    fn next(&mut self) -> Option<Task> {
        let operation = self.operations.pop_front().map(Task::Lead);
        operation.or_else(|| self.invitations.pop_front().map(Task::Help))
    }

    fn waiting(&self) -> usize {
        self.invitations.len().saturating_add(self.operations.len())
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pool").field("limit", &self.0.limit).finish_non_exhaustive()
    }
}
