//! At most two derivations at a time in the process, and together within the memory it can have.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::error::Error;

const MOST: usize = 2;

static GATE: Gate = Gate::new();

/// Waits for a turn; it ends when the guard is dropped.
pub(super) fn enter(kib: u64, available_kib: Option<u64>) -> Result<Turn<'static>, Error> {
    GATE.enter(kib, available_kib)
}

struct Gate {
    running: Mutex<Running>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct Running {
    count: usize,
    kib: u64,
}

/// Leave to run one derivation.
pub(super) struct Turn<'a> {
    gate: &'a Gate,
    kib: u64,
}

impl Gate {
    const fn new() -> Self {
        Self { running: Mutex::new(Running { count: 0, kib: 0 }), left: Condvar::new() }
    }

    fn enter(&self, kib: u64, available_kib: Option<u64>) -> Result<Turn<'_>, Error> {
        let available = available_kib.unwrap_or(u64::MAX);
        if kib > available {
            return Err(Error::OutOfMemory { kib });
        }
        let must_wait = |running: &mut Running| {
            let too_much = running.kib.saturating_add(kib) > available;
            running.count >= MOST || (running.count > 0 && too_much)
        };
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running =
            self.left.wait_while(running, must_wait).unwrap_or_else(PoisonError::into_inner);
        running.count = running.count.saturating_add(1);
        running.kib = running.kib.saturating_add(kib);
        Ok(Turn { gate: self, kib })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = self.gate.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.count = running.count.saturating_sub(1);
        running.kib = running.kib.saturating_sub(self.kib);
        self.gate.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn most_at_once(available_kib: Option<u64>) -> usize {
        let (gate, running, most) = (Gate::new(), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let _turn = gate.enter(10, available_kib).unwrap();
                    most.fetch_max(running.fetch_add(1, SeqCst).saturating_add(1), SeqCst);
                    thread::sleep(Duration::from_millis(20));
                    running.fetch_sub(1, SeqCst);
                });
            }
        });
        most.into_inner()
    }

    #[test]
    fn two_derivations_run_at_a_time() {
        assert_eq!(most_at_once(None), 2);
        assert_eq!(most_at_once(Some(20)), 2);
    }

    #[test]
    fn derivations_wait_for_each_other_where_memory_is_for_one() {
        assert_eq!(most_at_once(Some(19)), 1);
    }
}
