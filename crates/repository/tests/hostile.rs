//! What a hostile store can do to a repository: each variant gives its failure, tells what it must
//! tell, and restores what it must.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use holdfast_repository::check::Depth;
use holdfast_repository::error::Error;
use holdfast_repository::pin::Pin;
use holdfast_repository::plan::Options;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};

use support::scratch::Scratch;
use support::stores::{MemoryStore, files};
use support::{Visit, credential, hex, id, tree, vectors};

/// Told besides what the variants ask for. 61: a forged tombstone is reported (section 10) also
/// where the missing snapshot that it was to excuse is the failure.
const ALSO_TOLD: [(&str, &str); 1] = [("61", "OBJECT_FORGED")];

/// What may show only when the blocks of a file are read.
const DAMAGE: [&str; 2] = ["BLOCK_MISMATCH", "OBJECT_MISMATCH"];

fn main() -> ExitCode {
    let manifest = support::json(&vectors().join("hostile/manifest.json"));
    let base = manifest["base"].as_str().unwrap().to_owned();
    let trials = manifest["variants"].as_array().unwrap().iter().map(|variant| {
        let name = format!("{} {}", variant["number"], variant["name"]).replace(['"', '\\'], "");
        let (variant, base) = (variant.clone(), base.clone());
        Trial::test(name, move || run(&variant, &base))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn run(variant: &Value, base: &str) -> Result<(), Failed> {
    let expected = support::json(&vectors().join(base).join("expected.json"));
    let credential = credential(&expected);
    let pin = variant.get("pin").map(|pin| Pin::parse(pin.to_string().as_bytes()).unwrap());
    let store = Arc::new(altered(&variant["operations"], base));
    let visit = Visit { store, credential: credential.as_ref(), pin: pin.as_ref() };
    let scratch = Scratch::new();
    let checks = variant["check"] == true;

    let target = scratch.path("latest");
    let (latest, reports) = restore(&visit, None, &target, checks);
    assert_eq!(code(&latest), variant["code"], "{latest:?}");
    let reports: BTreeSet<_> = reports.iter().map(|error| error.code().to_owned()).collect();
    let also = ALSO_TOLD.iter().filter(|(number, _)| variant["number"] == *number);
    let must = variant["reports"].as_array().unwrap().iter().map(|code| code.as_str().unwrap());
    let must: BTreeSet<_> = must.chain(also.map(|(_, code)| *code)).map(str::to_owned).collect();
    assert_eq!(reports, must);
    if let Ok((id, entries)) = latest {
        assert_eq!(json!(id), variant["latest"]);
        assert_eq!(json!(entries), variant["entries"]);
    } else if DAMAGE.iter().any(|code| variant["code"] == *code) && target.exists() {
        assert_eq!(files(&target).into_keys().collect::<Vec<_>>(), [""; 0], "left behind");
    } else {
        assert!(!target.exists(), "something was written");
    }
    for (snapshot, outcome) in variant["restores"].as_object().unwrap() {
        let target = scratch.path(snapshot);
        let (result, _) = restore(&visit, Some(snapshot), &target, checks);
        assert_eq!(code(&result), *outcome, "{snapshot}: {result:?}");
        if result.is_ok() {
            tree::assert_same(&target, find(&expected, snapshot));
        }
    }
    if let Some(partial) = variant.get("partial") {
        restores_what_there_is(&visit, partial, &scratch.path("partial"))?;
    }
    Ok(())
}

/// The id of what was restored and its number of entries; what was told besides.
fn restore(
    visit: &Visit<'_>,
    snapshot: Option<&str>,
    target: &Path,
    checks: bool,
) -> (Result<(String, u64), Error>, Vec<Error>) {
    if checks {
        let problems = visit.check(Depth::All).result.unwrap().problems;
        if let Some(first) = problems.into_iter().next() {
            return (Err(first), Vec::new());
        }
    }
    let visited = visit.restore(snapshot.map(id).as_ref(), target, &Options::default());
    (visited.result.map(|(id, restored)| (hex(&id), restored.entries)), visited.reports)
}

fn restores_what_there_is(visit: &Visit<'_>, partial: &Value, target: &Path) -> Result<(), Failed> {
    let options = Options { partial: true, ..Options::default() };
    let snapshot = id(partial["snapshot"].as_str().unwrap());
    let (_, restored) = visit.restore(Some(&snapshot), target, &options).result?;
    assert_eq!(json!(restored.entries), partial["restored"]);
    let lost: Vec<_> = restored
        .problems
        .iter()
        .map(|problem| match problem {
            Error::Entry { path, cause } => {
                json!({ "path": path.split('/').collect::<Vec<_>>(), "code": cause.code() })
            }
            other => json!(other.code()),
        })
        .collect();
    assert_eq!(json!(lost), partial["lost"]);
    assert_eq!(tree::restored(target).len() as u64, restored.entries);
    Ok(())
}

fn code<T>(result: &Result<T, Error>) -> Value {
    result.as_ref().err().map_or(Value::Null, |error| json!(error.code()))
}

fn find<'a>(expected: &'a Value, id: &str) -> &'a Value {
    let snapshots = expected["snapshots"].as_array().unwrap();
    snapshots.iter().find(|snapshot| snapshot["id"] == id).unwrap()
}

/// The base with what the store did to it.
fn altered(operations: &Value, base: &str) -> MemoryStore {
    let store = MemoryStore::of(&vectors().join(base).join("repository"));
    let untouched = store.0.lock().unwrap().clone();
    for operation in operations.as_array().unwrap() {
        let text = |key: &str| operation[key].as_str().unwrap().to_owned();
        let number = |key: &str| usize::try_from(operation[key].as_u64().unwrap()).unwrap();
        let mut objects = store.0.lock().unwrap();
        let path = text("path");
        match text("op").as_str() {
            "remove" => drop(objects.remove(&path).unwrap()),
            "copy" => drop(objects.insert(path, untouched[&text("from")].clone())),
            "patch" => {
                let digits = text("hex");
                let bytes = objects.get_mut(&path).unwrap();
                for at in 0..digits.len() / 2 {
                    let byte = u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap();
                    bytes[number("offset") + at] = byte;
                }
            }
            "truncate" => objects.get_mut(&path).unwrap().truncate(number("length")),
            "zeros" => drop(objects.insert(path, vec![0; number("length")])),
            "put" => {
                let object = vectors().join("hostile/objects").join(text("object"));
                objects.insert(path, fs::read(object).unwrap());
            }
            other => panic!("{other}"),
        }
    }
    store
}
