//! Passwords are prepared as `docs/format.md` section 4 lists it, and no other way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use holdfast_seal::error::Error;
use holdfast_seal::password::Password;
use proptest::prelude::*;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().unwrap().as_bytes();
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn prepare(text: &str) -> Result<Password, Error> {
    Password::from_utf8(text.as_bytes())
}

fn prepared(text: &str) -> Vec<u8> {
    prepare(text).unwrap().prepared().to_vec()
}

fn character(position: u64) -> Error {
    Error::PasswordCharacter { position }
}

fn length(count: u64, min: u64) -> Error {
    Error::PasswordLength { count, min, max: 1024 }
}

#[test]
fn opaque_string_cases_agree_but_for_what_section_4_decides_otherwise() {
    let text = include_str!("../../../vectors/external/precis/opaque-string.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 16);
    for case in &cases {
        let points = case["input_codepoints"].as_array().unwrap().iter();
        let point = |text: &Value| u32::from_str_radix(text.as_str().unwrap(), 16).unwrap();
        let input: String = points.map(|text| char::from_u32(point(text)).unwrap()).collect();
        // Section 4 refuses neither private use nor U+200D: "nothing else is refused".
        let decided_otherwise = input == "\u{E000}" || input.contains('\u{200D}');
        if decided_otherwise {
            assert_eq!(case["result"], "reject");
            assert_eq!(prepared(&input), input.as_bytes(), "id {}", case["id"]);
        } else if case["result"] == "accept" {
            assert_eq!(prepared(&input), hex(&case["output_utf8"]), "id {}", case["id"]);
        } else {
            assert_eq!(prepare(&input).unwrap_err().code(), "PASSWORD_CHARACTER", "{}", case["id"]);
        }
    }
}

#[test]
fn the_three_forms_of_an_independent_vector_prepare_to_the_same_bytes() {
    let text = include_str!("../../../vectors/external/repository/keys.json");
    let case = &serde_json::from_str::<Value>(text).unwrap()["section3"];
    let expected = hex(&case["prepared"]);
    let units = case["passwordUtf16"].as_array().unwrap().iter();
    let units: Vec<u16> = units.map(|unit| unit.as_u64().unwrap().try_into().unwrap()).collect();
    assert_eq!(prepared(case["password"].as_str().unwrap()), expected);
    assert_eq!(prepared(case["decomposed"].as_str().unwrap()), expected);
    assert_eq!(Password::from_utf16(&units).unwrap().prepared(), expected);
}

#[test]
fn row_1_nfd_and_other_spaces_prepare_to_the_same_password() {
    let password = prepare("Grüße aus Kraków").unwrap();
    let variants = [
        "Gru\u{308}ße aus Krako\u{301}w",
        "Grüße\u{A0}aus\u{3000}Kraków",
        "Grüße\u{2003}aus Kraków",
    ];
    for variant in variants {
        assert!(prepare(variant).unwrap().same_as(&password), "{variant:?}");
    }
    assert!(!prepare("Grusse aus Krakow").unwrap().same_as(&password));
}

#[test]
fn row_2_controls_separators_and_noncharacters_are_refused_where_they_stand() {
    let controls = ('\0'..='\u{1F}').chain('\u{7F}'..='\u{9F}');
    let others = ['\u{2028}', '\u{2029}', '\u{FDD0}', '\u{FDEF}', '\u{FFFE}', '\u{FFFF}'];
    let planes = (1..=16).flat_map(|plane| [plane << 16 | 0xFFFE, plane << 16 | 0xFFFF]);
    let planes = planes.map(|point| char::from_u32(point).unwrap());
    for c in controls.chain(others).chain(planes) {
        assert_eq!(prepare(&format!("né{c}{c}")).unwrap_err(), character(3), "{c:?}");
    }
    for c in [' ', '~', '\u{A0}', '\u{FDCF}', '\u{FDF0}', '\u{FFFD}', '\u{E000}', '\u{10FFFD}'] {
        assert!(prepare(&format!("né{c}{c}")).is_ok(), "{c:?}");
    }
}

#[test]
fn row_2_unpaired_surrogates_and_bytes_that_are_not_utf8_are_refused() {
    let pair = [0xD83D, 0xDE00];
    assert!(Password::from_utf16(&pair).is_ok());
    for (units, position) in [
        (vec![0x61, 0xD83D], 2),
        (vec![0xDE00, 0x61], 1),
        (vec![0xD83D, 0xDE00, 0xDE00], 2),
        (vec![0x61, 0x62, 0xD83D, 0x63], 3),
    ] {
        assert_eq!(Password::from_utf16(&units).unwrap_err(), character(position), "{units:x?}");
    }
    assert_eq!(Password::from_utf8(b"ab\xFFcd").unwrap_err(), character(3));
    assert_eq!(Password::from_utf8(b"ab\xED\xA0\x80").unwrap_err(), character(3));
}

#[test]
fn row_2_an_unassigned_code_point_is_refused_at_creation_only() {
    let password = prepare("unassigned \u{378}").unwrap();
    assert_eq!(password.check_new(), Err(character(12)));
    // Private use has a category, and so do all recent emoji.
    for text in ["private \u{E000}", "1F979 🥹🥹🥹", "U+20BD ₽₽₽", "skin 👍🏽👍🏽👍🏽"]
    {
        assert_eq!(prepare(text).unwrap().check_new(), Ok(()), "{text}");
    }
}

#[test]
fn row_3_lengths_count_code_points_after_preparation() {
    assert_eq!(prepare("").unwrap_err(), length(0, 1));
    assert_eq!(Password::from_utf16(&[]).unwrap_err(), length(0, 1));
    assert_eq!(prepare("seven77").unwrap().check_new(), Err(length(7, 8)));
    assert_eq!(prepare("eight888").unwrap().check_new(), Ok(()));
    assert_eq!(prepare("e\u{301}even77").unwrap().check_new(), Err(length(7, 8)));
    assert_eq!(prepare(&"❤️😀".repeat(4)).unwrap().check_new(), Ok(()));
    assert_eq!(prepare("👨‍👩‍👧‍👦").unwrap().check_new(), Err(length(7, 8)));
    assert_eq!(prepare("👨‍👩‍👧‍👦!").unwrap().check_new(), Ok(()));
    assert!(prepare(&"e\u{301}".repeat(1024)).is_ok());
    assert_eq!(prepare(&"e\u{301}".repeat(1025)).unwrap_err(), length(1025, 1));
    assert_eq!(prepare(&"x".repeat(10_000_000)).unwrap_err(), length(10_000_000, 1));
    assert_eq!(Password::from_utf16(&[0x78; 5000]).unwrap_err(), length(5000, 1));
    assert_eq!(Password::from_utf8(&[0xFF; 5000]).unwrap_err().code(), "PASSWORD_LENGTH");
}

#[test]
fn row_4_spaces_at_the_ends_are_kept() {
    assert_eq!(prepared(" both ends "), b" both ends ");
    assert!(!prepare(" a password").unwrap().same_as(&prepare("a password").unwrap()));
}

#[test]
fn row_10_what_looks_like_a_key_is_told() {
    let digits = "88117ad8aebbc2e95223dafe9c2affff4bb499ce7c5d5337f6e66390d883364d";
    let rows = "8811 7AD8-aebb c2e9  5223dafe9c2affff4bb499ce7c5d5337f6e66390d883364d fae3";
    let identity = "AGE-SECRET-KEY-PQ-13QGH4K9WH0PWJ53RMTLFC2HLLA9MFXWW03W4XDLKUE3EPKYRXEXSHV8E4X";
    for text in [digits, rows, identity] {
        assert!(prepare(text).unwrap().looks_like_key(), "{text}");
    }
    for text in [&digits[1..], "correct horse battery staple", "deadbeef", &format!("{digits}x")] {
        assert!(!prepare(text).unwrap().looks_like_key(), "{text}");
    }
}

#[test]
fn a_password_is_not_printed() {
    assert_eq!(format!("{:?}", prepare("hunter2hunter2").unwrap()), "Password(redacted)");
}

proptest! {
    #[test]
    fn every_normal_form_of_canonically_equal_text_prepares_to_the_same_bytes(text in text()) {
        let password = prepared(&text);
        let nfd: String = text.nfd().collect();
        let nfc: String = text.nfc().collect();
        prop_assert_eq!(&prepared(&nfd), &password);
        prop_assert_eq!(&prepared(&nfc), &password);
    }

    #[test]
    fn preparing_twice_changes_nothing(text in text()) {
        let password = prepared(&text);
        prop_assert_eq!(&prepared(str::from_utf8(&password).unwrap()), &password);
    }

    #[test]
    fn utf8_and_utf16_agree(text in any::<String>()) {
        let units: Vec<u16> = text.encode_utf16().collect();
        let (bytes, units) = (prepare(&text), Password::from_utf16(&units));
        prop_assert_eq!(bytes.as_ref().err(), units.as_ref().err());
        if let (Ok(bytes), Ok(units)) = (bytes, units) {
            prop_assert_eq!(bytes.prepared(), units.prepared());
            prop_assert_eq!(bytes.as_given(), text.as_bytes());
        }
    }

    #[test]
    fn any_bytes_and_any_units_are_prepared_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        units in prop::collection::vec(any::<u16>(), 0..64),
    ) {
        for password in [Password::from_utf8(&bytes), Password::from_utf16(&units)] {
            match password {
                Ok(password) => prop_assert!(str::from_utf8(password.prepared()).is_ok()),
                Err(error) => prop_assert!(error.code().starts_with("PASSWORD_")),
            }
        }
    }
}

/// Text that a password can be, with much that composes.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>().prop_filter("accepted", |c| prepare(&c.to_string()).is_ok()),
        prop::char::range('\u{300}', '\u{345}'),
        prop::char::range('a', 'z'),
        prop::char::range('\u{1100}', '\u{11C2}'),
        prop::char::range('\u{1F00}', '\u{1F15}'),
    ];
    prop::collection::vec(character, 1..40).prop_map(String::from_iter)
}
