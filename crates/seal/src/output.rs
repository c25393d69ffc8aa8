//! Where an operation's bytes go: a draft of a file, standard output, or nowhere.

use std::io::Write as _;

use crate::control::{Control, Phase};
use crate::error::Error;
use crate::input::Input;
use crate::place::{self, Draft, Secrecy};
use crate::read::ours;
use crate::sealing::{Place, Publish};
use crate::standard::StandardOutput;
use crate::stream::Sink;

/// Takes an operation's bytes and, at the end, gives them their name.
#[derive(Debug)]
pub(crate) enum Output {
    /// A file without its name yet, and how many bytes were written to it in order.
    Draft(Draft, u64),
    /// Standard output.
    Standard,
    /// Nothing is kept.
    Nowhere,
}

impl From<Option<Draft>> for Output {
    fn from(draft: Option<Draft>) -> Self {
        draft.map_or(Self::Nowhere, |draft| Self::Draft(draft, 0))
    }
}

impl Output {
    /// Refuses early what publishing would refuse at the end.
    pub(crate) fn check(target: &Place, source: &Input, publish: Publish) -> Result<(), Error> {
        match target {
            Place::Path(path) => {
                place::check(path, source.file().map(|file| &**file), publish.overwrite)
            }
            Place::Standard => Ok(()),
        }
    }

    pub(crate) fn create(
        target: &Place,
        secrecy: Secrecy,
        publish: Publish,
    ) -> Result<Self, Error> {
        match target {
            Place::Path(path) => {
                Ok(Self::Draft(Draft::create(path, secrecy, publish.overwrite)?, 0))
            }
            Place::Standard => Ok(Self::Standard),
        }
    }

    /// The draft, for work that writes at offsets.
    pub(crate) fn into_draft(self) -> Option<Draft> {
        match self {
            Self::Draft(draft, _) => Some(draft),
            Self::Standard | Self::Nowhere => None,
        }
    }

    /// Gives a complete target its name; from then on cancelling comes too late.
    pub(crate) fn publish(self, publish: Publish, control: &Control) -> Result<(), Error> {
        control.set_phase(Phase::Flushing);
        match self {
            Self::Draft(draft, _) => {
                if publish.sync {
                    draft.sync()?;
                }
                control.commit()?;
                draft.publish(publish.sync)?;
            }
            Self::Standard | Self::Nowhere => control.commit()?,
        }
        control.set_phase(Phase::Done);
        Ok(())
    }
}

impl Sink for Output {
    fn write(&mut self, bytes: &[u8], control: &Control) -> Result<(), Error> {
        match self {
            Self::Draft(draft, position) => {
                draft.write_at(*position, bytes)?;
                *position = position.saturating_add(bytes.len() as u64);
                Ok(())
            }
            Self::Standard => StandardOutput(control)
                .write_all(bytes)
                .map_err(|error| ours(&error).unwrap_or_else(|| Error::target("write", &error))),
            Self::Nowhere => Ok(()),
        }
    }
}
