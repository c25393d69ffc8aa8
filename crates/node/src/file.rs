//! One file of a snapshot, read at any offset.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_repository::browse::parse_path;
use holdfast_repository::error::Reports;
use holdfast_repository::file::{FileReader, find};
use napi::bindgen_prelude::{Buffer, Object};
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::courier::Post;
use crate::errors::{invalid, number, throwing, whole};
use crate::operation::{Operation, start};
use crate::places::{OwnPath, within};
use crate::records::Failure;
use crate::repository::RepositoryHandle;
use crate::switch::Switch;

/// A file that is open for reading, until closed. Every byte is verified.
#[napi]
pub struct FileHandle {
    open: RefCell<Option<Open>>,
    size: u64,
    reports: Arc<Reports>,
}

#[derive(Clone)]
struct Open {
    file: Arc<Mutex<FileReader>>,
    switch: Arc<Switch>,
    post: Arc<Post>,
}

/// Opens the file at `path` in `snapshot`.
///
/// # Errors
///
/// Rejects with `INVALID_ARGUMENT` for what is no file, and as the core's `Access::now`,
/// `Snapshots::named` and `find` fail; throws for a closed handle and for what is no path.
#[napi(ts_return_type = "Promise<FileHandle>", catch_unwind)]
pub fn repository_file<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    snapshot: String,
    #[napi(ts_arg_type = "string | Uint8Array")] path: OwnPath,
) -> Result<Object<'env>> {
    let held = repository.held(*env)?;
    let path = throwing(*env, within(path))?;
    let (access, post) = (held.access, Arc::clone(&held.post));
    let open = move |operation: &Operation<'_>| {
        let path = parse_path(&path)?;
        let switch = Arc::new(Switch::new(&operation.line));
        let store = Arc::clone(&switch);
        let now = access.now(store, Arc::clone(&operation.reports))?;
        let snapshot = now.snapshots.named(&snapshot)?;
        let reader = now.reader()?;
        let entry = find(&reader, snapshot, &path)?;
        let file = FileReader::new(reader, entry);
        let file = file.ok_or_else(|| invalid("path: what is there is not a file"))?;
        let size = file.size();
        Ok((Open { file: Arc::new(Mutex::new(file)), switch, post }, size, now.reports))
    };
    start(env, control, &held.post, open, |(open, size, reports)| FileHandle {
        open: RefCell::new(Some(open)),
        size,
        reports,
    })
}

#[napi]
impl FileHandle {
    /// Length of the file in bytes.
    #[napi(getter)]
    #[must_use]
    pub fn size(&self) -> f64 {
        number(self.size)
    }

    /// `length` bytes from `offset` on; fewer only at the file's end. One read at a time: others
    /// wait for it.
    ///
    /// # Errors
    ///
    /// Rejects as the core's `FileReader::read` fails; throws for a closed handle and for numbers
    /// that are no positions.
    #[napi(ts_return_type = "Promise<Buffer>", catch_unwind)]
    pub fn read<'env>(
        &self,
        env: &'env Env,
        control: &Control,
        offset: f64,
        length: f64,
    ) -> Result<Object<'env>> {
        let open = self.open.borrow().clone();
        let open = throwing(*env, open.ok_or_else(|| invalid("the file is closed")))?;
        let range = whole(offset).zip(whole(length));
        let range = range.ok_or_else(|| invalid("offset and length must be whole numbers"));
        let (offset, length) = throwing(*env, range)?;
        let Open { file, switch, post } = open;
        let read = move |operation: &Operation<'_>| {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            switch.set(&operation.line);
            let end = offset.saturating_add(length).min(file.size());
            let mut bytes = Vec::new();
            let mut at = offset;
            while at < end {
                operation.call.control.check()?;
                let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
                let part = file.read(at, left)?;
                if part.is_empty() {
                    break;
                }
                bytes.extend_from_slice(&part);
                at = at.saturating_add(part.len() as u64);
            }
            Ok(bytes)
        };
        start(env, control, &post, read, Buffer::from)
    }

    /// What was noticed so far.
    #[napi(getter)]
    #[must_use]
    pub fn warnings(&self) -> Vec<Failure> {
        self.reports.all().iter().map(Failure::of).collect()
    }

    /// Forgets what was read.
    #[napi]
    pub fn close(&self) {
        self.open.replace(None);
    }
}

impl fmt::Debug for FileHandle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "FileHandle({} bytes)", self.size)
    }
}
