//! What was seen of a repository before, kept on this machine (`docs/format.md` section 9).

use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::json::{self, Value};
use crate::keys::Commit;
use crate::record::Id;

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
}
