//! From a credential to an epoch's keys, through its slots (`docs/format.md` section 6).

use holdfast_seal::error::{CredentialKind, Error as SealError};
use holdfast_seal::kdf::KdfLimits;

use crate::error::{Error, Fault, Reports, fault};
use crate::keys::EpochKeys;
use crate::listing::Listed;
use crate::slot::{self, Credential, Expected, MAX_SLOTS, Outcome};
use crate::store::Store;

/// The keys, and the slots of claims that lost.
#[derive(Debug)]
pub(crate) struct Unlocked {
    pub(crate) keys: EpochKeys,
    pub(crate) lost_claims: Vec<String>,
}

/// A slot whose bytes are what its name says.
struct Intact<'a> {
    listed: &'a Listed,
    bytes: Vec<u8>,
    cost: u64,
}

/// Opens the cheapest slot that `credential` opens, after the names of all of its kind were
/// checked. A key is tried on every slot, so that a forged one beside a good one is seen.
pub(crate) fn unlock(
    store: &dyn Store,
    slots: &[(CredentialKind, Listed)],
    credential: &Credential,
    expected: &Expected,
    limits: &KdfLimits,
    reports: &Reports,
) -> Result<Unlocked, Error> {
    if slots.len() > MAX_SLOTS {
        return Err(fault(Fault::RepositoryForged, "an epoch has more than 32 slots"));
    }
    let (intact, damaged) = intact(store, slots, credential.kind(), reports)?;
    if intact.is_empty() && damaged.is_none() {
        return Err(no_such_slot(slots, Some(credential)));
    }
    let mut opened = None;
    let mut lost_claims = Vec::new();
    for Intact { listed, bytes, .. } in intact {
        let outcome = slot::open(&bytes, credential, expected, limits);
        match outcome.map_err(|error| error.of(&listed.name))? {
            Outcome::Closed => {}
            Outcome::LostClaim => lost_claims.push(listed.name.clone()),
            Outcome::Opened(slot) => {
                opened = opened.or(Some(slot.keys));
                if credential.kind() == CredentialKind::Password {
                    break;
                }
            }
        }
    }
    match (opened, lost_claims.first(), damaged) {
        (Some(keys), ..) => Ok(Unlocked { keys, lost_claims }),
        (None, Some(name), _) => Err(fault(
            Fault::SlotForged,
            "a slot has another secret than the epoch, or epoch.json was changed",
        )
        .of(name)),
        (None, None, Some(damaged)) => Err(damaged),
        (None, None, None) => Err(wrong_credential(credential)),
    }
}

/// The slots of one kind that are whole, cheapest first, and the damage of one that is not.
fn intact<'a>(
    store: &dyn Store,
    slots: &'a [(CredentialKind, Listed)],
    kind: CredentialKind,
    reports: &Reports,
) -> Result<(Vec<Intact<'a>>, Option<Error>), Error> {
    let mut damaged = None;
    let mut intact = Vec::new();
    for (_, listed) in slots.iter().filter(|(of, _)| *of == kind) {
        match listed.fetch(store) {
            Ok(bytes) => {
                let cost = slot::cost(&bytes, kind).map_err(|error| error.of(&listed.name))?;
                intact.push(Intact { listed, bytes, cost });
            }
            Err(error) if error.is_damage() => {
                reports.add(error.clone());
                damaged = damaged.or(Some(error));
            }
            Err(error) => return Err(error),
        }
    }
    intact
        .sort_by(|one, other| (one.cost, &one.listed.name).cmp(&(other.cost, &other.listed.name)));
    Ok((intact, damaged))
}

/// There is no slot of the credential's kind.
pub(crate) fn no_such_slot(
    slots: &[(CredentialKind, Listed)],
    credential: Option<&Credential>,
) -> Error {
    let mut available: Vec<_> = slots.iter().map(|(kind, _)| *kind).collect();
    available.sort_unstable();
    available.dedup();
    let tried: Vec<_> = credential.map(Credential::kind).into_iter().collect();
    let list = |kinds: &[CredentialKind]| kinds.iter().map(|kind| noun(*kind)).collect::<Vec<_>>();
    let what = match (list(&tried).first(), list(&available).join(" or ")) {
        (_, has) if has.is_empty() => "this backup has no credential at all".to_owned(),
        (Some(tried), has) => format!("this backup has no {tried}; it has a {has}"),
        (None, has) => format!("this backup opens with a {has} only"),
    };
    let looks_like = credential.and_then(looks_like);
    Error::Credential { what, cause: SealError::NoSuchSlot { tried, available, looks_like } }
}

fn wrong_credential(credential: &Credential) -> Error {
    let kind = credential.kind();
    Error::Credential {
        what: format!("the {} does not open this backup", noun(kind)),
        cause: SealError::WrongCredential { tried: vec![kind], looks_like: looks_like(credential) },
    }
}

fn looks_like(credential: &Credential) -> Option<CredentialKind> {
    match credential {
        Credential::Password(password, _) => {
            password.looks_like_key().then_some(CredentialKind::Key)
        }
        Credential::Key(_) => None,
    }
}

fn noun(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Password => "password",
        CredentialKind::Key => "64-digit key",
    }
}
