//! Every object flipped, cut, swapped, deleted: named, and everything else restores.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use holdfast_repository::check::Depth;
use holdfast_repository::error::{Detail, Error};
use holdfast_repository::plan::Options;
use libtest_mimic::{Arguments, Trial};

use support::scratch::Scratch;
use support::stores::MemoryStore;
use support::{Visit, credential, id, json, tree, vectors};

const BASE: &str = "good-two-snapshots";

type Objects = BTreeMap<String, Vec<u8>>;

fn main() -> ExitCode {
    let base = MemoryStore::of(&vectors().join(BASE).join("repository"));
    let base = Arc::new(base.0.into_inner().unwrap());
    let mut trials = Vec::new();
    for name in base.keys() {
        for (what, damage) in DAMAGES {
            let (base, name) = (Arc::clone(&base), name.clone());
            let title = format!("row 45: {} {what}", name.chars().take(40).collect::<String>());
            trials.push(Trial::test(title, move || {
                run(&base, &name, what, damage);
                Ok(())
            }));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

type Damage = fn(&mut Objects, &str);

const DAMAGES: [(&str, Damage); 8] = [
    ("flipped at the start", |objects, name| flip(objects, name, 0)),
    ("flipped in the header", |objects, name| flip(objects, name, 1)),
    ("flipped in the middle", |objects, name| flip(objects, name, 8)),
    ("flipped at the end", |objects, name| flip(objects, name, 16)),
    ("cut in half", |objects, name| cut(objects, name, 2)),
    ("emptied", |objects, name| cut(objects, name, usize::MAX)),
    ("deleted", |objects, name| drop(objects.remove(name).unwrap())),
    ("swapped with its neighbour", |objects, name| {
        let other = objects.keys().find(|other| *other != name && folder(other) == folder(name));
        let other = other.or_else(|| objects.keys().rfind(|other| is_sealed(other)));
        let other = other.cloned().unwrap();
        let (mine, theirs) = (objects[name].clone(), objects[&other].clone());
        objects.insert(name.to_owned(), theirs);
        objects.insert(other, mine);
    }),
];

fn flip(objects: &mut Objects, name: &str, sixteenths: usize) {
    let bytes = objects.get_mut(name).unwrap();
    let at = (bytes.len() * sixteenths / 16).min(bytes.len() - 1);
    bytes[at] ^= 1;
}

fn cut(objects: &mut Objects, name: &str, part: usize) {
    let bytes = objects.get_mut(name).unwrap();
    bytes.truncate(bytes.len() / part);
}

fn is_sealed(name: &str) -> bool {
    !["holdfast.json", "e1/epoch.json"].contains(&name)
}

/// `e1/packs/14/…` is in `packs`.
fn folder(name: &str) -> &str {
    name.split('/').nth(1).unwrap_or_default()
}

fn run(base: &Objects, name: &str, what: &str, damage: Damage) {
    let mut objects = base.clone();
    damage(&mut objects, name);
    let expected = json(&vectors().join(BASE).join("expected.json"));
    let credential = credential(&expected);
    let store = Arc::new(MemoryStore(Mutex::new(objects)));
    let visit = Visit { store, credential: credential.as_ref(), pin: None };
    let scratch = Scratch::new();
    let mut restored = 0;
    for snapshot in expected["snapshots"].as_array().unwrap() {
        let text = snapshot["id"].as_str().unwrap();
        let target = scratch.path(text);
        let visited = visit.restore(Some(&id(text)), &target, &Options::default());
        match visited.result {
            Ok(_) => {
                tree::assert_same(&target, snapshot);
                restored += 1;
            }
            Err(error) => assert!(error.is_damage() || is_refusal(&error), "{error:?}"),
        }
        let target = scratch.path(&format!("{text} in part"));
        let options = Options { partial: true, ..Options::default() };
        if let Ok((_, part)) = visit.restore(Some(&id(text)), &target, &options).result {
            let lost = tree::missing(&target, snapshot);
            assert_eq!(lost == 0, part.problems.is_empty(), "{:?}", part.problems);
        }
    }
    let least = match (folder(name), what) {
        ("indexes", _) => 2,
        ("snapshots", "deleted" | "swapped with its neighbour") => 0,
        ("snapshots", _) => 1,
        _ => 0,
    };
    assert!(restored >= least, "{restored} of {least} snapshots restored");
    if is_sealed(name) && what != "deleted" {
        assert!(is_named(&visit, name), "{name} is not named");
    }
}

/// A failure of the repository as a whole.
fn is_refusal(error: &Error) -> bool {
    ["NO_SUCH_SLOT", "WRONG_CREDENTIAL"].contains(&error.code())
}

/// Whether a check, or what keeps the repository from being opened, names the object.
fn is_named(visit: &Visit<'_>, name: &str) -> bool {
    let checked = visit.check(Depth::All);
    let mut told = checked.reports;
    match checked.result {
        Ok(checked) => told.extend(checked.problems),
        Err(error) => told.push(error),
    }
    let object = Detail::Text(name.to_owned());
    told.iter().any(|error| error.details().iter().any(|(_, detail)| *detail == object))
}
