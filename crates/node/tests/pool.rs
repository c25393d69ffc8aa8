//! The pool without Node: order, sharing, fairness, panics.

#![allow(clippy::expect_used, clippy::panic, reason = "test code")]

#[path = "../src/pool.rs"]
mod pool;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use holdfast_seal::crew::{Crew as _, Help};
use pool::{Pool, Turn};

/// Longer than anything here takes: what is not there by then does not come.
const SOON: Duration = Duration::from_secs(20);

/// Help that runs a closure.
struct Helping<F>(F);

impl<F: Fn(&dyn Fn() -> bool) + Send + Sync> Help for Helping<F> {
    fn help(&self, wanted: &dyn Fn() -> bool) {
        (self.0)(wanted);
    }
}

fn helping(help: impl Fn(&dyn Fn() -> bool) + Send + Sync + 'static) -> Arc<dyn Help> {
    Arc::new(Helping(help))
}

fn submit(pool: &Pool, operation: impl FnOnce() + Send + 'static) {
    pool.submit(Box::new(move |turn| {
        assert_eq!(turn, Turn::Lead);
        operation();
    }));
}

fn channel<T>() -> (Sender<T>, impl Fn() -> T) {
    let (sender, receiver): (_, Receiver<T>) = mpsc::channel();
    (sender, move || receiver.recv_timeout(SOON).expect("something never came"))
}

#[test]
fn one_thread_takes_operations_in_the_order_they_came() {
    let pool = Pool::new(1);
    let (done, next) = channel();
    for number in 0..100 {
        let done = done.clone();
        submit(&pool, move || done.send(number).expect("the test waits"));
    }
    assert_eq!((0..100).map(|_| next()).collect::<Vec<i32>>(), (0..100).collect::<Vec<_>>());
}

#[test]
fn no_more_threads_than_the_limit_are_started() {
    let pool = Pool::new(3);
    let (done, next) = channel();
    for _ in 0..60 {
        let done = done.clone();
        submit(&pool, move || {
            thread::sleep(Duration::from_millis(2));
            done.send(thread::current().id()).expect("the test waits");
        });
    }
    let threads: HashSet<ThreadId> = (0..60).map(|_| next()).collect();
    assert_eq!(threads.len(), 3);
}

#[test]
fn all_idle_threads_come_to_help() {
    let pool = Pool::new(4);
    let (came, next) = channel();
    let over = Arc::new(AtomicBool::new(false));
    let work = helping({
        let over = Arc::clone(&over);
        move |_| {
            came.send(thread::current().id()).expect("the test waits");
            while !over.load(Ordering::SeqCst) {
                thread::yield_now();
            }
        }
    });
    let leader = pool.clone();
    submit(&pool, move || {
        leader.invite(&work);
        work.help(&|| false);
    });
    let threads: HashSet<ThreadId> = (0..4).map(|_| next()).collect();
    over.store(true, Ordering::SeqCst);
    assert_eq!(threads.len(), 4);
}

#[test]
fn who_helps_turns_to_a_waiting_operation_and_comes_back() {
    let pool = Pool::new(2);
    let (came, next) = channel();
    let (end, ended) = channel();
    let over = Arc::new(AtomicBool::new(false));
    let work = helping({
        let over = Arc::clone(&over);
        move |wanted| {
            came.send("helps").expect("the test waits");
            while !over.load(Ordering::SeqCst) && !wanted() {
                thread::yield_now();
            }
        }
    });
    let leader = pool.clone();
    submit(&pool, move || {
        leader.invite(&work);
        ended();
    });
    assert_eq!(next(), "helps");
    let (done, operation) = channel();
    submit(&pool, move || done.send("another operation").expect("the test waits"));
    assert_eq!(operation(), "another operation");
    assert_eq!(next(), "helps");
    over.store(true, Ordering::SeqCst);
    end.send(()).expect("the leader waits");
}

#[test]
fn leaders_that_all_invite_fill_the_pool_without_locking_up() {
    let pool = Pool::new(2);
    let (done, next) = channel();
    for _ in 0..200 {
        let (leader, done) = (pool.clone(), done.clone());
        submit(&pool, move || {
            let left = Arc::new(AtomicUsize::new(50));
            let shared = Arc::clone(&left);
            let work = helping(move |_| {
                let take = |left: usize| left.checked_sub(1);
                while shared.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {}
            });
            leader.invite(&work);
            work.help(&|| false);
            done.send(left.load(Ordering::SeqCst)).expect("the test waits");
        });
    }
    assert!((0..200).all(|_| next() == 0));
}

#[test]
fn an_invitation_does_not_keep_finished_work_alive() {
    let pool = Pool::new(2);
    let (end, ended) = channel::<()>();
    submit(&pool, move || {
        let _: () = ended();
    });
    let held = Arc::new(Mutex::new(()));
    let (done, next) = channel();
    let (leader, inside) = (pool.clone(), Arc::clone(&held));
    submit(&pool, move || {
        let work = helping(move |_| drop(inside.lock()));
        leader.invite(&work);
        drop(work);
        done.send(()).expect("the test waits");
    });
    next();
    assert_eq!(Arc::strong_count(&held), 1);
    end.send(()).expect("the other thread waits");
}

#[test]
fn a_panic_ends_the_task_and_not_the_thread() {
    let pool = Pool::new(1);
    let (done, next) = channel();
    let first = done.clone();
    submit(&pool, move || {
        first.send(thread::current().id()).expect("the test waits");
        panic!("asked to panic");
    });
    submit(&pool, move || done.send(thread::current().id()).expect("the test waits"));
    assert_eq!(next(), next());
}
