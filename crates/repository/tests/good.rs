//! Repositories that another implementation made open, check and restore without a report.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod support;

use std::process::ExitCode;
use std::sync::Arc;

use holdfast_repository::check::Depth;
use holdfast_repository::plan::Options;
use libtest_mimic::{Arguments, Failed, Trial};

use support::scratch::Scratch;
use support::stores::FolderStore;
use support::{Visit, credential, hex, id, json, tree, vectors};

const NAMES: [&str; 5] =
    ["good-key", "good-open", "good-pages", "good-password", "good-two-snapshots"];

fn main() -> ExitCode {
    let trials = NAMES.into_iter().flat_map(|name| {
        [
            Trial::test(format!("{name} restores exactly"), move || restores(name)),
            Trial::test(format!("{name} is whole"), move || is_whole(name)),
        ]
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn restores(name: &str) -> Result<(), Failed> {
    let expected = json(&vectors().join(name).join("expected.json"));
    let credential = credential(&expected);
    let store = Arc::new(FolderStore(vectors().join(name).join("repository")));
    let visit = Visit { store, credential: credential.as_ref(), pin: None };
    let scratch = Scratch::new();
    for snapshot in expected["snapshots"].as_array().unwrap() {
        let text = snapshot["id"].as_str().unwrap();
        let target = scratch.path(text);
        let visited = visit.restore(Some(&id(text)), &target, &Options::default());
        let (_, restored) = visited.result?;
        assert_eq!(visited.reports, []);
        assert_eq!(restored.problems, []);
        assert_eq!(Some(restored.entries), snapshot["entries"].as_u64());
        assert_eq!(Some(restored.bytes), snapshot["bytes"].as_u64());
        tree::assert_same(&target, snapshot);
    }
    let latest = visit.with(|_, snapshots| snapshots.latest().map(|latest| hex(&latest.id)));
    assert_eq!(Some(latest.result?.as_str()), expected["latest"].as_str());
    Ok(())
}

fn is_whole(name: &str) -> Result<(), Failed> {
    let expected = json(&vectors().join(name).join("expected.json"));
    let credential = credential(&expected);
    let store = Arc::new(FolderStore(vectors().join(name).join("repository")));
    let visit = Visit { store, credential: credential.as_ref(), pin: None };
    for depth in [Depth::Listing, Depth::Part(5000), Depth::All] {
        let checked = visit.check(depth).result?;
        assert_eq!(checked.problems, []);
        assert_eq!(checked.snapshots, expected["snapshots"].as_array().unwrap().len() as u64);
    }
    let all = visit.check(Depth::All).result?;
    assert_eq!(all.packs, expected["packs"].as_object().unwrap().len() as u64);
    Ok(())
}
