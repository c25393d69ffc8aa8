//! Which paths are meant: those of the sources that are left out, those of entries that are sought.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use holdfast_seal::error::Error as SealError;

use crate::error::Error;

/// Patterns of paths, as in a shell: `*` stays within a name, `**` does not.
///
/// A pattern without `/` fits that name anywhere; with one it fits whole paths, which begin with
/// the source's name. With `/` at its end it fits folders only.
#[derive(Debug)]
pub(crate) struct Patterns {
    any: GlobSet,
    folders: GlobSet,
}

impl Patterns {
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a pattern that is none.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, Error> {
        Self::of("exclude", patterns)
    }

    /// The same for the argument of this name.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a pattern that is none.
    pub(crate) fn of(argument: &str, patterns: &[String]) -> Result<Self, Error> {
        let (folders, any): (Vec<_>, Vec<_>) =
            patterns.iter().partition(|pattern| pattern.ends_with('/'));
        Ok(Self { any: set(argument, &any)?, folders: set(argument, &folders)? })
    }

    /// Whether the path, relative to the snapshot, is left out.
    pub(crate) fn excludes(&self, path: &Path, is_folder: bool) -> bool {
        self.any.is_match(path) || (is_folder && self.folders.is_match(path))
    }
}

fn set(argument: &str, patterns: &[&String]) -> Result<GlobSet, Error> {
    let invalid =
        |error: globset::Error| SealError::InvalidArgument { what: format!("{argument}: {error}") };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let bare = pattern.trim_end_matches('/');
        let whole = match bare.strip_prefix('/') {
            Some(rooted) => rooted.to_owned(),
            None if bare.contains('/') => bare.to_owned(),
            None => format!("**/{bare}"),
        };
        set.add(GlobBuilder::new(&whole).literal_separator(true).build().map_err(invalid)?);
    }
    Ok(set.build().map_err(invalid)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names_paths_and_folders() {
        let patterns = ["*.tmp", "Media/raw/**", "cache/", "/top", "**/deep/*.x"];
        let patterns = Patterns::new(&patterns.map(str::to_owned)).unwrap();
        let cases = [
            ("Media/a.tmp", false, true),
            ("a.tmp", false, true),
            ("Media/a.tmpx", false, false),
            ("Media/raw/b/c", false, true),
            ("Other/Media/raw/b", false, false),
            ("Media/cache", true, true),
            ("Media/cache", false, false),
            ("top", false, true),
            ("Media/top", false, false),
            ("a/b/deep/c.x", false, true),
            ("a/b/deep/d/c.x", false, false),
        ];
        for (path, is_folder, excluded) in cases {
            assert_eq!(patterns.excludes(Path::new(path), is_folder), excluded, "{path}");
        }
        assert!(Patterns::new(&["[".to_owned()]).is_err());
    }
}
