//! Every derived value of `vectors/external/repository/keys.json`, made by another implementation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use holdfast_repository::block::{BlockId, BlockKind};
use holdfast_repository::json::Value;
use holdfast_repository::keys::{EpochKeys, MacKind, RepositoryId, slot_mac};
use holdfast_repository::manifest::{Component, key};
use holdfast_seal::secret::Seed;

fn vectors() -> Value {
    Value::parse(include_bytes!("../../../vectors/external/repository/keys.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.text().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn epoch() -> (EpochKeys, Value) {
    let vectors = vectors();
    let section = vectors.get("section6").unwrap();
    let field = |name: &str| bytes(section.get(name).unwrap());
    let repository = RepositoryId(field("repository").try_into().unwrap());
    let secret = Seed::new(field("secret").try_into().unwrap());
    (EpochKeys::derive(repository, secret).unwrap(), section.clone())
}

#[test]
fn every_key_of_an_epoch_follows_from_its_secret() {
    let (keys, section) = epoch();
    let of = |name: &str, kind: &str| bytes(section.get(name).unwrap().get(kind).unwrap());
    assert_eq!(keys.seed().expose().to_vec(), bytes(section.get("identitySeed").unwrap()));
    assert_eq!(keys.commit.0.to_vec(), bytes(section.get("commit").unwrap()));
    assert_eq!(Some(keys.recipient.format().as_str()), section.get("recipient").unwrap().text());
    assert_eq!(keys.page_cut().expose().to_vec(), bytes(section.get("pageCutKey").unwrap()));
    let blocks = [(BlockKind::Data, "data"), (BlockKind::Page, "page"), (BlockKind::List, "list")];
    for (kind, name) in blocks {
        assert_eq!(keys.block_id(kind).expose().to_vec(), of("blockIdKey", name), "{name}");
    }
    let macs = [
        (MacKind::Epoch, "epoch"),
        (MacKind::Pack, "pack"),
        (MacKind::Index, "index"),
        (MacKind::Snapshot, "snapshot"),
        (MacKind::Tombstone, "tombstone"),
    ];
    for (kind, name) in macs {
        assert_eq!(keys.mac(kind).expose().to_vec(), of("macKey", name), "{name}");
    }
}

#[test]
fn slots_are_authenticated_by_the_credential() {
    let (keys, _) = epoch();
    let vectors = vectors();
    for (section, credential) in [("section4", "key"), ("section3", "stretched")] {
        let section = vectors.get(section).unwrap();
        let credential = bytes(section.get(credential).unwrap()).try_into().unwrap();
        let mac = slot_mac(keys.repository, &credential).unwrap();
        assert_eq!(mac.expose().to_vec(), bytes(section.get("slotMacKey").unwrap()));
    }
}

#[test]
fn blocks_are_named_by_kind_and_content() {
    let (keys, _) = epoch();
    let vectors = vectors();
    let section = vectors.get("section8").unwrap();
    let plain = bytes(section.get("plaintext").unwrap());
    let kinds = [(BlockKind::Data, "data"), (BlockKind::Page, "page"), (BlockKind::List, "list")];
    for (kind, name) in kinds {
        let id = bytes(section.get("id").unwrap().get(name).unwrap());
        assert_eq!(BlockId::of(&keys, kind, &plain).0.to_vec(), id, "{name}");
    }
}

#[test]
fn pages_are_cut_by_the_path_joined_with_zero_bytes() {
    let (keys, _) = epoch();
    let vectors = vectors();
    let section = vectors.get("section9").unwrap();
    let path = section.get("path").unwrap().list_of(Component::parse).unwrap();
    assert_eq!(key(&path), bytes(section.get("joined").unwrap()));
    let cut = blake3::keyed_hash(keys.page_cut().expose(), &key(&path));
    assert_eq!(cut.as_bytes().to_vec(), bytes(section.get("pageCut").unwrap()));
}
