//! A repository for as long as a program works with it: opened once, looked at again before every
//! operation, compared with what was seen before.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_seal::control::Control;
use holdfast_seal::kdf::KdfLimits;

use crate::create::{Protection, create};
use crate::error::{Error, Reports};
use crate::found::Found;
use crate::keys::RepositoryId;
use crate::listing::EpochListing;
use crate::open::open_any;
use crate::pin::Pin;
use crate::read::Reader;
use crate::remembered::Remembered;
use crate::repository::Repository;
use crate::session::{Options, Outcome, Session};
use crate::slot::Credential;
use crate::snapshots::Snapshots;
use crate::source::Source;
use crate::state::State;
use crate::store::Store;

/// By what a repository is opened, and what is remembered of it.
#[derive(Debug, Clone, Copy)]
pub struct Entrance<'a> {
    /// What may open it, tried in order; nothing for one without protection.
    pub credentials: &'a [Credential],
    /// Where this machine keeps the state of repositories, if it does.
    pub state: Option<&'a Path>,
    /// The dearest key derivation that is allowed.
    pub limits: &'a KdfLimits,
    /// Whether an older state than was seen is accepted: the user was told and wants that.
    pub accept_rollback: bool,
}

/// An open repository, for as long as a program works with it.
#[derive(Debug)]
pub struct Access {
    /// As it was when it was opened; its listing is not kept.
    repository: Repository,
    state: Option<State>,
    /// What was seen by this very program, also where no state is kept.
    seen: Mutex<Option<Pin>>,
    remembered: Arc<Remembered>,
    accept_rollback: bool,
}

/// A repository as it is now.
#[derive(Debug)]
pub struct Now {
    /// The repository.
    pub repository: Arc<Repository>,
    /// Its snapshots.
    pub snapshots: Snapshots,
    /// What is noticed besides.
    pub reports: Arc<Reports>,
    remembered: Arc<Remembered>,
}

impl Access {
    /// Makes a repository and opens it.
    ///
    /// # Errors
    ///
    /// As [`create`].
    pub fn create(
        store: &Arc<dyn Store>,
        protection: Protection<'_>,
        (limits, state): (&KdfLimits, Option<&Path>),
        reports: &Reports,
    ) -> Result<Self, Error> {
        let repository = create(store, protection, limits, reports)?;
        let state = state_of(state, repository.id, reports);
        Ok(Self::new(repository, state, false, reports))
    }

    /// Opens the repository at `store`. State that cannot be kept is reported.
    ///
    /// # Errors
    ///
    /// As [`crate::open::Opening::open`].
    pub fn open(
        store: &Arc<dyn Store>,
        entrance: &Entrance<'_>,
        reports: &Reports,
    ) -> Result<Self, Error> {
        let found = Found::look(Arc::clone(store))?;
        let state = state_of(entrance.state, found.id(), reports);
        let pin = state.as_ref().and_then(State::pin);
        let accept_rollback = entrance.accept_rollback;
        let pin = pin.map(|pin| if accept_rollback { pin.relaxed() } else { pin });
        let repository =
            open_any(&found, entrance.credentials, pin.as_ref(), entrance.limits, reports)?;
        Ok(Self::new(repository, state, accept_rollback, reports))
    }

    fn new(
        mut repository: Repository,
        state: Option<State>,
        accept_rollback: bool,
        reports: &Reports,
    ) -> Self {
        repository.listing = EpochListing::default();
        let (seen, remembered) = (Mutex::default(), Arc::default());
        let access = Self { repository, state, seen, remembered, accept_rollback };
        let pin = access.repository.pin();
        // Without that, an accepted rollback would be suspected again.
        let before = if accept_rollback { None } else { access.pin() };
        access
            .keep(before.map_or_else(|| pin.clone(), |before| pin.clone().with(&before)), reports);
        access
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> RepositoryId {
        self.repository.id
    }

    /// The epoch that is read.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.repository.epoch
    }

    /// Whether it is protected.
    #[must_use]
    pub const fn is_protected(&self) -> bool {
        self.repository.complete.protected
    }

    /// Lists what is there now, reads the snapshots, and pins them unless they are suspect. What
    /// earlier operations read and what is still listed is not read again.
    ///
    /// # Errors
    ///
    /// As [`Repository::refresh`] and [`Snapshots::load`].
    pub fn now(&self, store: Arc<dyn Store>, reports: Arc<Reports>) -> Result<Now, Error> {
        let pin = self.pin();
        let repository = self.repository.refresh(store, pin.as_ref(), &reports)?;
        let known = &self.remembered.records;
        let mut snapshots = Snapshots::load_with(&repository, pin.as_ref(), known, &reports)?;
        if let Some(suspicion) = snapshots.suspicion().filter(|_| self.accept_rollback) {
            reports.add(suspicion.clone());
            snapshots.accept();
        }
        if snapshots.suspicion().is_none() {
            self.keep(snapshots.pin(&repository, self.pin().as_ref()), &reports);
        }
        let remembered = Arc::clone(&self.remembered);
        Ok(Now { repository: Arc::new(repository), snapshots, reports, remembered })
    }

    /// The same, and everything is read again.
    ///
    /// # Errors
    ///
    /// As [`Access::now`].
    pub fn afresh(&self, store: Arc<dyn Store>, reports: Arc<Reports>) -> Result<Now, Error> {
        self.remembered.forget();
        self.now(store, reports)
    }

    /// Makes a backup; keeps its journal and its caches where state is kept.
    ///
    /// # Errors
    ///
    /// `LOCKED` if another backup with this state runs; as [`Access::now`] and [`Session::run`].
    pub fn back_up(
        &self,
        store: Arc<dyn Store>,
        sources: &[Source],
        mut options: Options,
        control: &Control,
        reports: Arc<Reports>,
    ) -> Result<Outcome, Error> {
        let state = self.state.as_ref();
        let _lock = state.filter(|_| !options.dry_run).map(State::lock).transpose()?;
        let now = self.now(store, reports)?;
        options.state = state.map(|state| state.folder().to_owned());
        let Now { repository, snapshots, reports, .. } = &now;
        let session = Session { repository, snapshots, options: &options, control, reports };
        let outcome = session.run(sources)?;
        if !options.dry_run {
            let mut pin = now.snapshots.pin(repository, self.pin().as_ref());
            pin.add(&outcome.snapshot);
            self.keep(pin, reports);
        }
        Ok(outcome)
    }

    fn pin(&self) -> Option<Pin> {
        let seen = self.seen().clone();
        let kept = self.state.as_ref().and_then(State::pin);
        match (kept, seen) {
            (Some(kept), Some(seen)) => Some(kept.with(&seen)),
            (kept, seen) => kept.or(seen),
        }
    }

    /// Remembers `pin`; one that cannot be kept is reported.
    fn keep(&self, pin: Pin, reports: &Reports) {
        let mut seen = self.seen();
        if let Some(state) = self.state.as_ref().filter(|state| state.pin().as_ref() != Some(&pin))
            && let Err(error) = state.keep(&pin)
        {
            reports.add(error);
        }
        *seen = Some(pin);
    }

    fn seen(&self) -> MutexGuard<'_, Option<Pin>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    /// A reader of all blocks.
    ///
    /// # Errors
    ///
    /// As [`crate::catalog::Catalog::load`].
    pub fn reader(&self) -> Result<Arc<Reader>, Error> {
        self.remembered.reader(&self.repository, &self.reports).map(Arc::new)
    }
}

/// The state of a repository; where there cannot be one, that is reported.
fn state_of(root: Option<&Path>, id: RepositoryId, reports: &Reports) -> Option<State> {
    match root.map(|root| State::open(root, id)).transpose() {
        Ok(state) => state,
        Err(error) => {
            reports.add(error);
            None
        }
    }
}
