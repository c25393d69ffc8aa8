//! What the process is configured with: set once, or by the first use.

use std::sync::OnceLock;
use std::thread;

use holdfast_seal::kdf::KdfLimits;
use napi::{Env, Result};
use napi_derive::napi;

use crate::errors::{invalid, throwing};
use crate::pool::Pool;

/// Most threads by default: more do not make one disk faster.
const DEFAULT_THREADS_MAX: usize = 16;
/// Most threads that may be asked for. Each takes 2 MiB while it works.
const THREADS_MAX: usize = 256;

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// What every operation of the process shares.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) pool: Pool,
    threads: usize,
    kdf_memory_kib: Option<u32>,
}

impl Settings {
    fn new(threads: Option<usize>, kdf_memory_kib: Option<u32>) -> Self {
        let threads = threads.unwrap_or_else(default_threads);
        Self { pool: Pool::new(threads), threads, kdf_memory_kib }
    }

    /// Threads that work at a time.
    pub(crate) const fn threads(&self) -> usize {
        self.threads
    }

    /// What key derivations may cost.
    pub(crate) fn limits(&self) -> KdfLimits {
        KdfLimits { available_kib: self.kdf_memory_kib.map(u64::from), ..KdfLimits::default() }
    }
}

/// The process's settings; the defaults if nothing was configured before.
pub(crate) fn settings() -> &'static Settings {
    SETTINGS.get_or_init(|| Settings::new(None, None))
}

/// Sets the number of threads and the memory that a key derivation may take, in KiB; null keeps
/// the default. Once per process, before the first operation; the same values again are accepted,
/// because every worker thread that loads the addon may configure it.
///
/// # Errors
///
/// `INVALID_ARGUMENT` for other values after the first use, and for numbers out of range.
#[napi(catch_unwind)]
pub fn configure(env: Env, threads: Option<u32>, kdf_memory_kib: Option<u32>) -> Result<()> {
    let threads = match threads.map(usize::try_from) {
        None => None,
        Some(Ok(count @ 1..=THREADS_MAX)) => Some(count),
        Some(_) => return throwing(env, Err(invalid("threads must be between 1 and 256"))),
    };
    let settings = SETTINGS.get_or_init(|| Settings::new(threads, kdf_memory_kib));
    let asked = (threads.unwrap_or_else(default_threads), kdf_memory_kib);
    if asked == (settings.threads, settings.kdf_memory_kib) {
        return Ok(());
    }
    throwing(env, Err(invalid("holdfast is already in use: configure it before the first call")))
}

fn default_threads() -> usize {
    thread::available_parallelism().map_or(2, usize::from).min(DEFAULT_THREADS_MAX)
}
