//! What a key derivation may cost, and that it is refused before anything is spent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use holdfast_seal::error::Error;
use holdfast_seal::kdf::{Cost, KdfCosts, KdfLimits, stretch, stretch_scrypt};
use holdfast_seal::password::Password;
use proptest::prelude::*;

fn password() -> Password {
    Password::from_utf8("correct horse".as_bytes()).unwrap()
}

fn available(kib: u64) -> KdfLimits {
    KdfLimits { available_kib: Some(kib), ..KdfLimits::default() }
}

/// The shortest of a few runs, so that other work on the machine does not count.
fn quickest(mut run: impl FnMut()) -> Duration {
    let timed = |run: &mut dyn FnMut()| {
        let started = Instant::now();
        run();
        started.elapsed()
    };
    (0..5).map(|_| timed(&mut run)).min().unwrap()
}

fn refused(memory_kib: u64, passes: u64, lanes: u64) -> (&'static str, u64, u64) {
    match KdfCosts::new(memory_kib, passes, lanes, &KdfLimits::default()) {
        Err(Error::KdfLimit { what, asked, limit }) => (what, asked, limit),
        other => panic!("{other:?}"),
    }
}

/// Our function has neither secret nor associated data, which this vector needs: it is run on the
/// crate below, built as we use it.
#[test]
fn the_argon2_crate_agrees_with_rfc_9106_section_5_3() {
    let text = include_str!("../../../vectors/external/argon2/rfc9106-phc-argon2id-v13.txt");
    let bytes = |name: &str| -> Vec<u8> {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        let (_, hex) = line.split_once(": ").unwrap();
        hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    };
    assert!(text.contains("Memory: 32 KiB, Iterations: 3, Parallelism: 4 lanes"));
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&bytes("Associated data")).unwrap())
        .build()
        .unwrap();
    let secret = bytes("Secret");
    let argon2 =
        Argon2::new_with_secret(&secret, Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&bytes("Password"), &bytes("Salt"), &mut tag).unwrap();
    assert_eq!(tag.as_slice(), bytes("Tag"));
}

#[test]
fn row_13_costs_out_of_range_are_refused_with_the_limit() {
    assert_eq!(refused(4 << 30, 3, 4), ("memory (KiB)", 4 << 30, 1_048_576));
    assert_eq!(refused(1_048_577, 1, 1), ("memory (KiB)", 1_048_577, 1_048_576));
    assert_eq!(refused(8191, 1, 1), ("memory (KiB)", 8191, 8192));
    assert_eq!(refused(u64::MAX, u64::MAX, u64::MAX), ("memory (KiB)", u64::MAX, 1_048_576));
    assert_eq!(refused(65_536, u64::from(u32::MAX), 4), ("passes", 4_294_967_295, 16));
    assert_eq!(refused(65_536, 0, 4), ("passes", 0, 1));
    assert_eq!(refused(65_536, 3, 1 << 24), ("lanes", 1 << 24, 16));
    assert_eq!(refused(65_536, 3, 0), ("lanes", 0, 1));
    assert_eq!(refused(1_048_576, 5, 4), ("memory × passes (KiB)", 5_242_880, 4_194_304));
    for (memory_kib, passes, lanes) in [(8192, 1, 1), (1_048_576, 4, 16), (262_144, 16, 16)] {
        KdfCosts::new(memory_kib, passes, lanes, &KdfLimits::default()).unwrap();
    }
}

#[test]
fn raised_limits_are_obeyed_as_far_as_argon2id_goes() {
    let raised = KdfLimits {
        max_memory_kib: u32::MAX,
        max_passes: u32::MAX,
        max_lanes: u32::MAX,
        max_product: u64::MAX,
        ..KdfLimits::default()
    };
    KdfCosts::new(4_294_967_295, 17, 1024, &raised).unwrap();
    let error = KdfCosts::new(1_048_576, 1, 1025, &raised).unwrap_err();
    assert_eq!(error, Error::KdfLimit { what: "lanes", asked: 1025, limit: 1024 });
}

#[test]
fn the_named_costs_are_those_of_section_3_and_within_the_limits() {
    let names = [Cost::Default, Cost::Interactive, Cost::Paranoid];
    let expected = ["262144 3 4", "65536 3 4", "1048576 4 4"];
    for (cost, expected) in names.into_iter().zip(expected) {
        assert_eq!(cost.costs().to_string(), expected);
        let numbers: Vec<u64> = expected.split(' ').map(|text| text.parse().unwrap()).collect();
        let checked = KdfCosts::new(numbers[0], numbers[1], numbers[2], &KdfLimits::default());
        assert_eq!(checked, Ok(cost.costs()));
    }
}

#[test]
fn row_14_a_derivation_above_the_memory_of_the_process_is_refused_before_it_starts() {
    let took = quickest(|| {
        let error = stretch(&password(), &[7; 16], Cost::Paranoid.costs(), &available(1_048_575));
        assert_eq!(error.unwrap_err(), Error::OutOfMemory { kib: 1_048_576 });
        let error = stretch_scrypt(b"x", &[7; 16], 18, &available(262_143)).unwrap_err();
        assert_eq!(error, Error::OutOfMemory { kib: 262_144 });
    });
    assert!(took < Duration::from_millis(10), "{took:?}");
    let costs = KdfCosts::new(8192, 1, 1, &KdfLimits::default()).unwrap();
    stretch(&password(), &[7; 16], costs, &available(8192)).unwrap();
}

#[test]
fn row_13_an_scrypt_work_factor_above_the_limit_is_refused_at_once() {
    for asked in [21, 63, 64, 255, 256, u64::MAX] {
        let took = quickest(|| {
            let error = stretch_scrypt(b"x", &[7; 16], asked, &KdfLimits::default()).unwrap_err();
            let what = "scrypt work factor (log2)";
            assert_eq!(error, Error::KdfLimit { what, asked, limit: 20 });
        });
        assert!(took < Duration::from_millis(10), "{took:?}");
    }
}

#[test]
fn no_memory_for_raised_limits_is_an_error_and_not_the_end_of_the_process() {
    let limits = KdfLimits { max_scrypt_log_n: 255, ..KdfLimits::default() };
    let error = stretch_scrypt(b"x", &[7; 16], 50, &limits).unwrap_err();
    assert_eq!(error, Error::OutOfMemory { kib: 1 << 50 });
    assert_eq!(stretch_scrypt(b"x", &[7; 16], 64, &limits).unwrap_err().code(), "KDF_LIMIT");
}

#[test]
fn passwords_that_prepare_to_the_same_bytes_stretch_to_the_same_bytes() {
    let costs = KdfCosts::new(8192, 1, 2, &KdfLimits::default()).unwrap();
    let stretched = |text: &str, salt| {
        let password = Password::from_utf8(text.as_bytes()).unwrap();
        *stretch(&password, &[salt; 16], costs, &KdfLimits::default()).unwrap().expose()
    };
    assert_eq!(stretched("Ångström", 1), stretched("A\u{30A}ngstro\u{308}m", 1));
    assert_ne!(stretched("Ångström", 1), stretched("Ångström", 2));
    assert_ne!(stretched("Ångström", 1), stretched("Angstrom", 1));
}

proptest! {
    #[test]
    fn whatever_is_asked_costs_stay_within_the_limits(
        memory_kib in any::<u32>(), passes in 0_u64..40, lanes in 0_u64..40,
    ) {
        let memory_kib = u64::from(memory_kib);
        let allowed = (8192..=1_048_576).contains(&memory_kib)
            && (1..=16).contains(&passes)
            && (1..=16).contains(&lanes)
            && memory_kib * passes <= 4_194_304;
        let costs = KdfCosts::new(memory_kib, passes, lanes, &KdfLimits::default());
        prop_assert_eq!(costs.is_ok(), allowed);
    }
}
