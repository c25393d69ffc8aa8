//! The 64-digit key and age identities: what is accepted, what is refused and where.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use bech32::{Bech32, ByteIterExt as _, Fe32, Fe32IterExt as _, Hrp};
use holdfast_seal::credential::{Identity, Recipient};
use holdfast_seal::error::Error;
use holdfast_seal::recovery_key::RecoveryKey;
use proptest::prelude::*;
use serde_json::Value;

const DIGITS: &str = "88117ad8aebbc2e95223dafe9c2affff4bb499ce7c5d5337f6e66390d883364d";
const CHECK: &str = "fae3";
const IDENTITY: &str =
    "AGE-SECRET-KEY-PQ-13QGH4K9WH0PWJ53RMTLFC2HLLA9MFXWW03W4XDLKUE3EPKYRXEXSHV8E4X";
/// C2SP age.md, "The X25519 recipient type".
const X25519_IDENTITY: &str =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
const X25519_RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

fn parse(text: &str) -> Result<RecoveryKey, Error> {
    RecoveryKey::parse(text)
}

fn key() -> RecoveryKey {
    parse(DIGITS).unwrap()
}

fn refusal(text: &str) -> Error {
    parse(text).unwrap_err()
}

fn refused_character(text: &str) -> (u64, u64) {
    match refusal(text) {
        Error::KeyCharacter { position, group } => (position, group),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_has_the_forms_that_an_independent_implementation_gives_it() {
    let text = include_str!("../../../vectors/external/repository/keys.json");
    let cases: Value = serde_json::from_str(text).unwrap();
    let case = &cases["section4"];
    let field = |name: &str| case[name].as_str().unwrap();
    let key = parse(field("key")).unwrap();
    assert_eq!(key.check_group(), field("check"));
    assert_eq!(key.identity().as_str(), field("identity"));
    assert_eq!(key.recipient(), field("recipient"));
    assert!(parse(field("identity")).unwrap().same_as(&key));
    let other = parse(cases["section6"]["identity"].as_str().unwrap()).unwrap();
    assert_eq!(other.recipient(), cases["section6"]["recipient"].as_str().unwrap());
    assert!(!other.same_as(&key));
}

#[test]
fn a_key_is_shown_as_four_rows_of_four_groups() {
    let rows = key().rows();
    assert_eq!(rows[0], "8811 7ad8 aebb c2e9");
    assert_eq!(rows[3], "f6e6 6390 d883 364d");
    assert_eq!(rows.concat().replace(' ', ""), DIGITS[..].replace(' ', ""));
}

#[test]
fn row_5_another_number_of_digits_is_counted() {
    for digits in [0, 1, 32, 63, 65, 66, 67, 69, 128, 100_000] {
        let text = "8".repeat(digits);
        assert_eq!(refusal(&text), Error::KeyLength { digits: digits as u64 });
    }
}

#[test]
fn row_6_grouping_case_and_full_width_digits_do_not_matter() {
    let full_width = |c: char| char::from_u32(u32::from(c) + 0xFEE0).unwrap();
    let wide: String = DIGITS.chars().map(full_width).collect();
    let wide_upper: String = DIGITS.to_uppercase().chars().map(full_width).collect();
    let spaced: String = DIGITS.chars().flat_map(|c| [c, '\u{3000}']).collect();
    let rows = key().rows().join("\n");
    for text in [
        DIGITS,
        &DIGITS.to_uppercase(),
        &wide,
        &wide_upper,
        &spaced,
        &rows,
        &rows.replace(' ', "-"),
        &rows.replace(' ', "\u{2011}").replace('\n', "\r\n\t"),
        &rows.replace(' ', "\u{FF0D}"),
        &format!("\u{A0}{rows}\n\n{CHECK}\n"),
        &format!("{}{}", DIGITS.to_uppercase(), CHECK.to_uppercase()),
        IDENTITY,
        &IDENTITY.to_lowercase(),
        &format!("  {IDENTITY}\n"),
    ] {
        assert!(parse(text).unwrap().same_as(&key()), "{text:?}");
    }
}

#[test]
fn row_7_a_foreign_character_is_named_by_position_and_group() {
    for (index, group) in [(0, 1), (3, 1), (4, 2), (27, 7), (63, 16)] {
        for foreign in ['٣', 'O', 'l', 'I', 'g', '\u{FF27}', '–', '\u{200B}', '😀', '\0'] {
            let mut text: Vec<char> = DIGITS.chars().collect();
            text[index] = foreign;
            let spaced: Vec<String> = text.chunks(4).map(|group| group.iter().collect()).collect();
            let expected = (index as u64 + 1, group);
            assert_eq!(refused_character(&String::from_iter(&text)), expected, "{foreign:?}");
            assert_eq!(refused_character(&spaced.join(" - ")), expected, "{foreign:?}");
        }
    }
}

#[test]
fn row_8_a_wrong_check_group_is_told_from_a_wrong_length() {
    assert_eq!(refusal(&format!("{DIGITS}fae4")), Error::KeyCheck);
    assert_eq!(refusal(&format!("9{}fae3", &DIGITS[1..])), Error::KeyCheck);
    assert_eq!(refusal(&format!("{DIGITS}fae")), Error::KeyLength { digits: 67 });
}

#[test]
fn row_9_decimal_digits_are_hexadecimal_digits() {
    let text = "1234567890".repeat(7);
    assert_eq!(parse(&text[..64]).unwrap().rows().join(" ").replace(' ', ""), text[..64]);
}

#[test]
fn row_11_equal_digits_are_refused_at_creation_and_accepted_for_opening() {
    for digit in "0123456789abcdef".chars() {
        let key = parse(&String::from(digit).repeat(64)).unwrap();
        assert!(key.is_weak());
        assert_eq!(key.check_new(), Err(Error::KeyWeak));
    }
    for text in [DIGITS, &"10".repeat(32), &format!("{}1", "0".repeat(63))] {
        assert_eq!(parse(text).unwrap().check_new(), Ok(()));
    }
}

#[test]
fn an_identity_is_refused_by_character_checksum_or_length() {
    // Position and group count neither hyphens nor white space: 15 characters come before the data.
    for (at, foreign) in [(19, 'b'), (19, 'q'), (30, 'I'), (76, '1'), (40, '😀'), (40, ' ')] {
        let mut text: Vec<char> = IDENTITY.chars().collect();
        text[at] = foreign;
        let position = at as u64 - 4 + 1;
        let expected = (position, (position - 1) / 4 + 1);
        assert_eq!(refused_character(&String::from_iter(&text)), expected, "{at} {foreign}");
    }
    assert_eq!(refused_character(&IDENTITY.replace("KEY-PQ", "KEY-Pq")), (14, 4));
    assert_eq!(refused_character(&IDENTITY.to_lowercase().replace("pq", "pQ")), (14, 4));
    assert_eq!(refusal(&IDENTITY[..76]), Error::KeyCheck);
    assert_eq!(refusal(&format!("{IDENTITY}Q")), Error::KeyCheck);
    assert_eq!(refusal("AGE-SECRET-KEY-PQ-1"), Error::KeyCheck);
    assert_eq!(refusal(&IDENTITY.replace("3QGH", "QGH3")), Error::KeyCheck);
    assert_eq!(refusal(X25519_IDENTITY).code(), "INVALID_ARGUMENT");
    assert_eq!(refusal("AGE-SECRET-KEY-NEW-1QQQQQQQQ").code(), "INVALID_ARGUMENT");
}

#[test]
fn age_recipients_and_identities_are_read() {
    let text = key().recipient();
    for text in [text.as_str(), &text.to_uppercase(), &format!(" {text}\n")] {
        match Recipient::parse(text).unwrap() {
            Recipient::Hybrid(recipient) => assert_eq!(recipient.format(), key().recipient()),
            other => panic!("{other:?}"),
        }
    }
    match Identity::parse(X25519_IDENTITY).unwrap() {
        Identity::X25519(identity) => assert_eq!(identity.recipient().format(), X25519_RECIPIENT),
        other => panic!("{other:?}"),
    }
    assert!(matches!(Recipient::parse(X25519_RECIPIENT).unwrap(), Recipient::X25519(_)));
    match Identity::parse(IDENTITY).unwrap() {
        Identity::Hybrid(identity) => assert_eq!(identity.recipient().format(), key().recipient()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn other_texts_are_no_recipients_and_no_identities() {
    let hybrid = key().recipient();
    for text in [
        "",
        "age1",
        "hunter2",
        DIGITS,
        IDENTITY,
        &hybrid[..1958],
        &format!("{hybrid}q"),
        &hybrid.replace("age1pq1c", "age1pq1C"),
        &hybrid.replacen('q', "p", 3),
        &X25519_RECIPIENT.replace("age1", "age2"),
        &"age1".repeat(100_000),
    ] {
        let error = Recipient::parse(text).unwrap_err();
        assert_eq!(error.code(), "INVALID_ARGUMENT", "{text:.80}");
    }
    for text in ["", "hunter2", DIGITS, X25519_RECIPIENT, &hybrid, "AGE-PLUGIN-YUBIKEY-1QQQQ"] {
        assert_eq!(Identity::parse(text).unwrap_err().code(), "INVALID_ARGUMENT", "{text:.80}");
    }
    assert_eq!(Identity::parse(&X25519_IDENTITY[..70]).unwrap_err(), Error::KeyCheck);
}

/// Bech32 with a right checksum over whatever `digits` says.
fn bech32(hrp: &str, digits: impl Iterator<Item = Fe32>) -> String {
    digits.with_checksum::<Bech32>(&Hrp::parse_unchecked(hrp)).chars().collect()
}

fn digits(bytes: &[u8]) -> impl Iterator<Item = Fe32> {
    bytes.iter().copied().bytes_to_fes()
}

#[test]
fn a_right_checksum_over_no_key_is_refused() {
    let identity = |bytes: &[u8]| bech32("age-secret-key-pq-", digits(bytes));
    assert!(parse(&identity(&[7; 32])).is_ok());
    assert_eq!(refusal(&identity(&[7; 31])), Error::KeyLength { digits: 62 });
    assert_eq!(refusal(&identity(&[7; 33])), Error::KeyLength { digits: 66 });
    assert_eq!(refusal(&identity(&[])), Error::KeyLength { digits: 0 });
    let stray_bits = digits(&[7; 32]).take(51).chain([Fe32::L]);
    assert_eq!(refusal(&bech32("age-secret-key-pq-", stray_bits)), Error::KeyCheck);

    let recipient = |hrp, bytes: &[u8]| Recipient::parse(&bech32(hrp, digits(bytes)));
    assert!(recipient("age", &[9; 32]).is_ok());
    let low_order: [&[u8]; 3] = [&[0; 32], &[&[1][..], &[0; 31]].concat(), &P_MINUS_ONE];
    for point in low_order {
        assert_eq!(recipient("age", point).unwrap_err().code(), "INVALID_ARGUMENT");
    }
    for (hrp, bytes) in [("age", 31), ("age", 33), ("age1pq", 1215), ("age1pq", 1217), ("b", 32)] {
        let error = recipient(hrp, &vec![9; bytes]).unwrap_err();
        assert_eq!(error.code(), "INVALID_ARGUMENT", "{hrp} {bytes}");
    }
    let mut public = key_bytes();
    assert!(recipient("age1pq", &public).is_ok());
    public[1184..].fill(0);
    assert_eq!(recipient("age1pq", &public).unwrap_err().code(), "INVALID_ARGUMENT");
    // FIPS 203 section 7.2: coefficients above the modulus.
    assert_eq!(recipient("age1pq", &[0xFF; 1216]).unwrap_err().code(), "INVALID_ARGUMENT");
}

/// The public half of the key: 1184 bytes for ML-KEM-768, 32 for X25519.
fn key_bytes() -> Vec<u8> {
    let text = key().recipient();
    let data = text.strip_prefix("age1pq1").unwrap();
    let digits = data[..data.len() - 6].chars().map(|c| Fe32::from_char(c).unwrap());
    digits.fes_to_bytes().collect()
}

/// A point of order 2: the field's prime less one, little-endian.
const P_MINUS_ONE: [u8; 32] = {
    let mut bytes = [0xFF; 32];
    bytes[0] = 0xEC;
    bytes[31] = 0x7F;
    bytes
};

#[test]
fn new_keys_differ_and_are_not_printed() {
    let (one, other) = (RecoveryKey::generate().unwrap(), RecoveryKey::generate().unwrap());
    assert!(!one.same_as(&other));
    let identity = Identity::from(&one);
    let shown = format!("{one:?} {identity:?} {:?}", Identity::parse(X25519_IDENTITY).unwrap());
    assert_eq!(
        shown,
        "RecoveryKey(redacted) Hybrid(HybridIdentity(redacted)) X25519(X25519Identity(redacted))"
    );
}

proptest! {
    #[test]
    fn parsing_inverts_formatting(digits in "[0-9a-f]{64}") {
        let key = parse(&digits).unwrap();
        prop_assert_eq!(key.rows().join(" ").replace(' ', ""), digits);
        prop_assert!(parse(&key.rows().join("\n")).unwrap().same_as(&key));
        prop_assert!(parse(&key.identity()).unwrap().same_as(&key));
        let with_check = format!("{} {}", key.rows().join(" "), key.check_group());
        prop_assert!(parse(&with_check).unwrap().same_as(&key));
    }

    #[test]
    fn any_grouping_is_read(
        digits in "[0-9a-fA-F]{64}",
        gaps in prop::collection::vec("[ \t\r\n\u{a0}\u{2003}\u{3000}\u{2010}\u{2011}-]{0,3}", 65),
    ) {
        let mut grouped = gaps[64].clone();
        for (c, gap) in digits.chars().zip(&gaps) {
            grouped.extend(gap.chars().chain([c]));
        }
        prop_assert!(parse(&grouped).unwrap().same_as(&parse(&digits).unwrap()));
    }

    #[test]
    fn a_refused_key_is_never_repeated(digits in "[0-9a-f]{69}", kept in 8_usize..69, at in 0_usize..8) {
        prop_assume!(kept != 64);
        let mut wrong = digits[..kept].to_owned();
        for text in [wrong.clone(), { wrong.replace_range(at..=at, "x"); wrong.clone() }] {
            let error = refusal(&text);
            let shown = format!("{error} {error:?} {:?}", error.details());
            for piece in text.as_bytes().windows(5) {
                prop_assert!(!shown.contains(str::from_utf8(piece).unwrap()), "{}", shown);
            }
        }
    }

    #[test]
    fn a_mistyped_identity_is_refused_and_not_repeated(at in 19_usize..77, typed in "[02-9ac-hj-np-z]") {
        let mut wrong = IDENTITY.to_owned();
        wrong.replace_range(at..=at, &typed.to_uppercase());
        prop_assume!(wrong != IDENTITY);
        let error = refusal(&wrong);
        prop_assert_eq!(&error, &Error::KeyCheck);
        prop_assert!(!error.to_string().contains(&wrong[19..27]));
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), start in "(AGE-SECRET-KEY-(PQ-)?1|age1(pq1)?)?") {
        let text = start + &text;
        for outcome in [parse(&text).map(drop), Identity::parse(&text).map(drop)] {
            if let Err(error) = outcome {
                prop_assert!(error.code().starts_with("KEY_") || error.code() == "INVALID_ARGUMENT");
            }
        }
        prop_assert!(Recipient::parse(&text).is_err());
    }
}
