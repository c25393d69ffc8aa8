//! Key derivation from passwords: Argon2id (`docs/format.md` section 3), and scrypt for age files.
//!
//! Costs are checked before any memory is asked for, so a hostile header cannot ask for 4 TiB.
//! The process runs at most two derivations at a time.

mod gate;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::Error;
use crate::limits::{
    MAX_LANES, MAX_MEMORY_KIB, MAX_PASSES, MAX_SCRYPT_LOG_N, MAX_WORK_KIB, MIN_MEMORY_KIB, SALT_LEN,
};
use crate::password::Password;
use crate::secret::WrapKey;

/// RFC 7914 parameter of age: with it, `2^log_n` is the memory in KiB.
const SCRYPT_BLOCK_SIZE: u32 = 8;
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";

/// What a file may ask of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfLimits {
    /// Most Argon2id memory, in KiB.
    pub max_memory_kib: u32,
    /// Most Argon2id passes.
    pub max_passes: u32,
    /// Most Argon2id lanes.
    pub max_lanes: u32,
    /// Most Argon2id memory × passes, in KiB.
    pub max_product: u64,
    /// Highest scrypt work factor, as a power of two.
    pub max_scrypt_log_n: u8,
    /// Memory that the process can have for derivations, in KiB, where that is known.
    pub available_kib: Option<u64>,
}

impl Default for KdfLimits {
    fn default() -> Self {
        Self {
            max_memory_kib: MAX_MEMORY_KIB,
            max_passes: MAX_PASSES,
            max_lanes: MAX_LANES,
            max_product: MAX_WORK_KIB,
            max_scrypt_log_n: MAX_SCRYPT_LOG_N,
            available_kib: None,
        }
    }
}

/// The costs of one Argon2id run, within limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCosts {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KdfCosts {
    /// Costs as a stanza asks for them: memory in KiB, passes, lanes.
    ///
    /// # Errors
    ///
    /// [`Error::KdfLimit`] outside `limits`, and below 8192 KiB, one pass or one lane.
    pub fn new(
        memory_kib: u64,
        passes: u64,
        lanes: u64,
        limits: &KdfLimits,
    ) -> Result<Self, Error> {
        let least = MIN_MEMORY_KIB;
        let costs = Self {
            memory_kib: within("memory (KiB)", memory_kib, least, limits.max_memory_kib)?,
            passes: within("passes", passes, 1, limits.max_passes)?,
            lanes: within("lanes", lanes, 1, limits.max_lanes.min(least / MIN_BLOCKS_PER_LANE))?,
        };
        let (asked, limit) = (memory_kib.saturating_mul(passes), limits.max_product);
        if asked > limit {
            return Err(Error::KdfLimit { what: "memory × passes (KiB)", asked, limit });
        }
        Ok(costs)
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }
}

/// RFC 9106 section 3.1: eight blocks of 1 KiB for each lane.
const MIN_BLOCKS_PER_LANE: u32 = 8;

/// `M T P`, as a stanza has it.
impl fmt::Display for KdfCosts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.memory_kib, self.passes, self.lanes)
    }
}

/// The named costs of new password stanzas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// 256 MiB, three passes.
    Default,
    /// 64 MiB, three passes: the second recommendation of RFC 9106.
    Interactive,
    /// 1 GiB, four passes.
    Paranoid,
}

impl Cost {
    /// The numbers behind the name.
    #[must_use]
    pub const fn costs(self) -> KdfCosts {
        let (memory_kib, passes) = match self {
            Self::Default => (262_144, 3),
            Self::Interactive => (65_536, 3),
            Self::Paranoid => (1_048_576, 4),
        };
        KdfCosts { memory_kib, passes, lanes: 4 }
    }
}

/// What Argon2id makes of a password: 32 bytes, wiped when dropped.
pub struct Stretched(Zeroizing<[u8; 32]>);

impl Stretched {
    /// The raw bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Stretched {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Stretched(redacted)")
    }
}

/// Stretches a prepared password: Argon2id version 0x13, no secret, no associated data.
///
/// Peak memory is that of `costs`, wiped before the call returns. It blocks, also while two other
/// derivations run.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if the memory, or threads, cannot be had.
///
/// Source: RFC 9106 section 3; `docs/format.md` section 3.
pub fn stretch(
    password: &Password,
    salt: &[u8; SALT_LEN],
    costs: KdfCosts,
    limits: &KdfLimits,
) -> Result<Stretched, Error> {
    let kib = u64::from(costs.memory_kib);
    let _turn = gate::enter(kib, limits.available_kib)?;
    #[cfg(test)]
    RUNS.set(RUNS.get().saturating_add(1));
    let mut stretched = Stretched(Zeroizing::default());
    argon2id(password.prepared(), salt, costs, &mut *stretched.0)?;
    Ok(stretched)
}

/// Stretches a passphrase as age does: scrypt with r = 8 and p = 1.
///
/// Peak memory is 2^`log_n` KiB, which the library below does not wipe.
///
/// # Errors
///
/// [`Error::KdfLimit`] above the limit; [`Error::OutOfMemory`] if the memory cannot be had.
///
/// Source: RFC 7914; C2SP age.md, "The scrypt recipient type".
pub fn stretch_scrypt(
    passphrase: &[u8],
    salt: &[u8; SALT_LEN],
    log_n: u64,
    limits: &KdfLimits,
) -> Result<WrapKey, Error> {
    let (what, most) = ("scrypt work factor (log2)", limits.max_scrypt_log_n);
    let refused = Error::KdfLimit { what, asked: log_n, limit: most.into() };
    let params = u8::try_from(log_n)
        .ok()
        .filter(|log_n| *log_n <= most)
        .and_then(|log_n| scrypt::Params::new(log_n, SCRYPT_BLOCK_SIZE, 1).ok())
        .ok_or(refused)?;
    let kib = params.n();
    let _turn = gate::enter(kib, limits.available_kib)?;
    // The library aborts the process where memory is short: ask first.
    drop(reserve::<[u8; 1024]>(kib)?);
    let mut key = Zeroizing::new([0_u8; 32]);
    scrypt::scrypt(passphrase, &[SCRYPT_LABEL, salt].concat(), &params, &mut *key)
        .map_err(|error| Error::Internal { what: format!("scrypt: {error}") })?;
    Ok(WrapKey::new(*key))
}

#[cfg(test)]
thread_local! {
    /// Argon2id runs that this thread asked for.
    pub(crate) static RUNS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

fn within(what: &'static str, asked: u64, least: u32, most: u32) -> Result<u32, Error> {
    let limit = if asked < u64::from(least) { least } else { most };
    u32::try_from(asked)
        .ok()
        .filter(|value| (least..=most).contains(value))
        .ok_or(Error::KdfLimit { what, asked, limit: limit.into() })
}

fn argon2id(password: &[u8], salt: &[u8], costs: KdfCosts, out: &mut [u8]) -> Result<(), Error> {
    let KdfCosts { memory_kib, passes, lanes } = costs;
    let internal = |error| Error::Internal { what: format!("Argon2id: {error}") };
    let params = Params::new(memory_kib, passes, lanes, Some(out.len())).map_err(internal)?;
    let blocks = u64::try_from(params.block_count()).unwrap_or(u64::MAX);
    let memory = reserve(blocks)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    threads(memory_kib)?.install(|| {
        let mut memory = Memory::zeroed(memory);
        argon2.hash_password_into_with_memory(password, salt, out, &mut *memory.0).map_err(internal)
    })
}

/// The blocks of one run. The library neither reports that it got none nor wipes them.
///
/// All threads touch and wipe them: fresh memory costs a third of the run otherwise.
struct Memory(Vec<Block>);

impl Memory {
    /// Zeros in all of `room`.
    fn zeroed(mut room: Vec<Block>) -> Self {
        let count = room.capacity();
        room.par_extend(rayon::iter::repeat_n(Block::new(), count));
        Self(room)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.par_iter_mut().for_each(Block::zeroize);
    }
}

/// Room for `kib` items of 1 KiB.
fn reserve<T>(kib: u64) -> Result<Vec<T>, Error> {
    const { assert!(size_of::<T>() == 1024) };
    let mut room = Vec::new();
    usize::try_from(kib)
        .ok()
        .and_then(|count| room.try_reserve_exact(count).ok())
        .map(|()| room)
        .ok_or(Error::OutOfMemory { kib })
}

/// The threads that compute lanes: one per core, asleep between runs. The global pool of the
/// library would panic where the system refuses a thread.
fn threads(memory_kib: u32) -> Result<Arc<ThreadPool>, Error> {
    static THREADS: Mutex<Option<Arc<ThreadPool>>> = Mutex::new(None);
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(threads) = &*threads {
        return Ok(Arc::clone(threads));
    }
    let new = ThreadPoolBuilder::new()
        .thread_name(|number| format!("holdfast-kdf-{number}"))
        .build()
        .map_err(|_| Error::OutOfMemory { kib: memory_kib.into() })?;
    Ok(Arc::clone(threads.insert(Arc::new(new))))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn hex(text: &Value) -> Vec<u8> {
        let digits = text.as_str().unwrap().as_bytes();
        let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    /// Runs below the format's limits too: published vectors are small.
    fn tag(password: &[u8], salt: &[u8], case: &Value, len: usize) -> Vec<u8> {
        let number = |name| u32::try_from(case[name].as_u64().unwrap()).unwrap();
        let (memory_kib, passes, lanes) = (number("m_kib"), number("t"), number("p"));
        let mut out = vec![0; len];
        argon2id(password, salt, KdfCosts { memory_kib, passes, lanes }, &mut out).unwrap();
        out
    }

    #[test]
    fn argon2id_agrees_with_the_reference_vectors() {
        let text = include_str!("../../../vectors/external/argon2/phc-test-argon2id.json");
        let cases: Vec<Value> = serde_json::from_str(text).unwrap();
        assert_eq!(cases.len(), 4);
        for case in &cases {
            let input = |name| case[name].as_str().unwrap().as_bytes();
            let made = tag(input("password"), input("salt"), case, 32);
            assert_eq!(made, hex(&case["tag_hex"]), "id {}", case["id"]);
        }
    }

    #[test]
    fn argon2id_agrees_with_the_reference_library() {
        let text = include_str!("../../../vectors/external/argon2/reference-argon2id-extra.json");
        let cases: Vec<Value> = serde_json::from_str(text).unwrap();
        assert_eq!(cases.len(), 16);
        for case in &cases {
            let len = usize::try_from(case["tag_len"].as_u64().unwrap()).unwrap();
            let made = tag(&hex(&case["password_hex"]), &hex(&case["salt_hex"]), case, len);
            assert_eq!(made, hex(&case["tag_hex"]), "id {}", case["id"]);
        }
    }

    #[test]
    fn argon2id_agrees_with_a_vector_of_another_product() {
        let text = include_str!("../../../vectors/external/argon2/threema-idbackup-vector.json");
        let case: Value = serde_json::from_str(text).unwrap();
        let password = case["password"].as_str().unwrap().as_bytes();
        let made = tag(password, &hex(&case["salt_hex"]), &case["argon2id"], 32);
        assert_eq!(made, hex(&case["derived_key_hex"]));
    }

    #[test]
    fn memory_of_a_derivation_is_asked_for_and_not_taken_for_granted() {
        assert_eq!(
            reserve::<[u8; 1024]>(1 << 52).unwrap_err(),
            Error::OutOfMemory { kib: 1 << 52 }
        );
        assert_eq!(
            reserve::<[u8; 1024]>(u64::MAX).unwrap_err(),
            Error::OutOfMemory { kib: u64::MAX }
        );
    }
}
