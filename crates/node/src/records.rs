//! What operations on repositories tell JavaScript, as plain data.

use std::collections::HashMap;
use std::fmt;

use holdfast_repository::error::{Detail, Error};
use holdfast_repository::manifest::Component;
use holdfast_repository::record::Snapshot;
use holdfast_repository::source::{Problem, ProblemKind};
use napi::bindgen_prelude::Either3;
use napi_derive::napi;

use crate::errors::number;

/// Most seconds before or after 1970 that JavaScript's own times have.
const MAX_SECONDS: f64 = 8_640_000_000_000.0;

/// One value among a failure's details.
type Value = Either3<f64, String, Vec<String>>;

/// What went wrong with a part of an operation, or was noticed besides.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// Its stable name.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The values behind the message.
    #[napi(ts_type = "Record<string, number | string | string[]>")]
    pub details: HashMap<String, Value>,
}

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        let details = error.details().into_iter().map(|(name, detail)| {
            let value = match detail {
                Detail::Number(value) => Either3::A(number(value)),
                Detail::Text(value) => Either3::B(value),
                Detail::List(values) => Either3::C(values),
                other => Either3::B(format!("{other:?}")),
            };
            (name.to_owned(), value)
        });
        let (code, message) = (error.code().to_owned(), error.to_string());
        Self { code, message, details: details.collect() }
    }

    /// Something of the sources that is not in the snapshot.
    pub(crate) fn of_source(problem: &Problem) -> Self {
        let kind = match problem.kind {
            ProblemKind::Unreadable => "unreadable",
            ProblemKind::Changed => "changed",
            ProblemKind::TooLarge => "too-large",
            ProblemKind::Special => "special",
        };
        let mut failure = Self::of(&problem.error);
        let path: Vec<_> = problem.path.iter().map(shown).collect();
        failure.details.insert("path".to_owned(), Either3::B(path.join("/")));
        failure.details.insert("kind".to_owned(), Either3::B(kind.to_owned()));
        failure
    }
}

/// One backup.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct SnapshotRecord {
    /// Its name: 32 hexadecimal digits.
    pub id: String,
    /// One above the highest that its writer saw.
    pub sequence: f64,
    /// When its session began: seconds since 1970.
    pub time_seconds: f64,
    /// Nanoseconds besides: 0, records have whole seconds.
    pub time_nanos: u32,
    /// The machine that made it.
    pub host: String,
    /// Words of the user's.
    pub tags: Vec<String>,
    /// The first names of its paths, in order.
    pub sources: Vec<String>,
    /// Number of entries.
    pub entries: f64,
    /// Bytes of all files.
    pub bytes: f64,
    /// Whether something could not be read.
    pub incomplete: bool,
    /// The snapshot that it was compared with.
    pub parent: Option<String>,
}

impl From<&Snapshot> for SnapshotRecord {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            id: hex(&snapshot.id),
            sequence: number(snapshot.sequence),
            time_seconds: signed(snapshot.time.0),
            time_nanos: 0,
            host: snapshot.host.clone(),
            tags: snapshot.tags.clone(),
            sources: snapshot.sources.iter().map(shown).collect(),
            entries: number(snapshot.entries),
            bytes: number(snapshot.bytes),
            incomplete: snapshot.incomplete,
            parent: snapshot.parent.as_ref().map(|id| hex(id)),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Failure({}: {})", self.code, self.message)
    }
}

/// A name for people: what is not UTF-8 in it is replaced.
fn shown(name: &Component) -> String {
    String::from_utf8_lossy(&name.0).into_owned()
}

/// Hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whole seconds that JavaScript gave; nothing for what a time cannot have.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
pub(crate) fn seconds(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() <= MAX_SECONDS).then_some(value as i64)
}

/// Seconds of a time, which may be before 1970.
#[expect(clippy::cast_precision_loss, reason = "exact for 285 million years")]
pub(crate) fn signed(seconds: i64) -> f64 {
    seconds as f64
}
