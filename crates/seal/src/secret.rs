//! Keys: wiped when dropped, never printed, never copied by accident.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::Error;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        pub struct $name(Zeroizing<[u8; $len]>);

        impl $name {
            /// Takes the bytes over; the caller's copy stays the caller's to wipe.
            #[must_use]
            pub fn new(bytes: [u8; $len]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// The raw bytes.
            #[must_use]
            pub fn expose(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

secret!(
    /// The key of one sealed file: 16 random bytes, wrapped once per stanza (age.md, "File key").
    FileKey,
    16
);
secret!(
    /// Encrypts one file key inside one stanza.
    WrapKey,
    32
);
secret!(
    /// Encrypts the chunks of one sealed file.
    PayloadKey,
    32
);
secret!(
    /// The 32 bytes of a 64-digit key: the seed of an `mlkem768x25519` identity.
    Seed,
    32
);

impl FileKey {
    /// A new file key.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system's random generator fails.
    pub fn random() -> Result<Self, Error> {
        random_bytes().map(Self::new)
    }
}

impl Seed {
    /// A new seed.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system's random generator fails.
    pub fn random() -> Result<Self, Error> {
        random_bytes().map(Self::new)
    }
}

/// Bytes from the system's random generator. There is no fallback.
///
/// # Errors
///
/// [`Error::Internal`] if the generator fails.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0_u8; N];
    #[cfg(feature = "faults")]
    crate::faults::random()?;
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal {
        what: format!("the random generator failed: {error}"),
    })?;
    Ok(bytes)
}
