//! What was seen of a repository before, kept on this machine (`docs/format.md` section 9).

use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::json::{self, Value};
use crate::keys::Commit;
use crate::record::{Id, Snapshot};

/// The newest state that was seen. It may be lost without harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The highest complete epoch.
    pub epoch: u64,
    /// Whether that epoch has slots.
    pub protected: bool,
    /// Names that epoch's secret.
    pub commit: Commit,
    /// The highest sequence.
    pub sequence: u64,
    /// All snapshots.
    pub snapshots: Vec<Id>,
}

impl Pin {
    /// The pin as one line of JSON.
    #[must_use]
    pub fn format(&self) -> String {
        format!(
            r#"{{"epoch":{},"protected":{},"commit":"{}","sequence":{},"snapshots":{}}}"#,
            self.epoch,
            self.protected,
            hex::encode(&self.commit.0),
            self.sequence,
            json::array(&self.snapshots, |id| format!("\"{}\"", hex::encode(id))),
        )
    }

    /// Reads the line; nothing for any other text.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::read(&Value::parse(text)?)
    }

    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            epoch: value.get("epoch")?.natural()?,
            protected: value.get("protected")?.bool()?,
            commit: Commit(hex::decode(value.get("commit")?.text()?)?),
            sequence: value.get("sequence")?.natural()?,
            snapshots: value.get("snapshots")?.list_of(|id| hex::decode(id.text()?))?,
        })
    }

    /// The same pin after the user accepted an older state: only protection stays expected.
    #[must_use]
    pub fn relaxed(&self) -> Self {
        Self { epoch: 0, sequence: 0, snapshots: Vec::new(), ..self.clone() }
    }

    /// What both saw of one repository. Of two epochs the later counts; of two secrets of one
    /// epoch this pin's.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        if other.epoch > self.epoch {
            return other.clone();
        }
        if other.epoch < self.epoch || other.commit != self.commit {
            return self;
        }
        let mut both = self;
        both.protected |= other.protected;
        both.sequence = both.sequence.max(other.sequence);
        let new: Vec<Id> =
            other.snapshots.iter().copied().filter(|id| !both.snapshots.contains(id)).collect();
        both.snapshots.extend(new);
        both.snapshots.sort_unstable();
        both
    }

    /// A new snapshot is seen.
    pub(crate) fn add(&mut self, snapshot: &Snapshot) {
        self.sequence = self.sequence.max(snapshot.sequence);
        self.snapshots.push(snapshot.id);
        self.snapshots.sort_unstable();
    }

    /// Refuses an epoch below the one that was seen.
    pub(crate) fn check_epoch(&self, epoch: u64) -> Result<(), Error> {
        if epoch >= self.epoch {
            return Ok(());
        }
        Err(rollback(format!("epoch {} was seen here before, now it is {epoch}", self.epoch)))
    }

    /// Refuses the same epoch with another secret.
    pub(crate) fn check_commit(&self, epoch: u64, commit: Commit) -> Result<(), Error> {
        if epoch > self.epoch || commit == self.commit {
            return Ok(());
        }
        Err(rollback(format!("epoch {epoch} had another secret when it was seen before")))
    }
}

/// Something older than what was seen.
pub(crate) fn rollback(what: impl Into<String>) -> Error {
    fault(Fault::RollbackSuspected, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_survives_being_written() {
        let pin = Pin {
            epoch: 3,
            protected: true,
            commit: Commit([7; 32]),
            sequence: 41,
            snapshots: vec![[1; 16], [2; 16]],
        };
        assert_eq!(Pin::parse(pin.format().as_bytes()), Some(pin));
        assert_eq!(Pin::parse(b"{}"), None);
    }

    #[test]
    fn two_pins_know_what_either_saw_and_the_later_epoch_counts() {
        let pin = |epoch, commit, sequence, snapshots: &[u8]| Pin {
            epoch,
            protected: true,
            commit: Commit([commit; 32]),
            sequence,
            snapshots: snapshots.iter().map(|id| [*id; 16]).collect(),
        };
        let one = pin(1, 7, 5, &[1, 2]);
        assert_eq!(one.clone().with(&pin(1, 7, 9, &[2, 3])), pin(1, 7, 9, &[1, 2, 3]));
        assert_eq!(one.clone().with(&pin(2, 8, 1, &[4])), pin(2, 8, 1, &[4]));
        assert_eq!(pin(2, 8, 1, &[4]).with(&one), pin(2, 8, 1, &[4]));
        assert_eq!(one.clone().with(&pin(1, 8, 9, &[3])), one);
    }
}
