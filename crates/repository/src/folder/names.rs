//! Names as Windows has them: UTF-16, some of them with a meaning of their own.

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt as _;

use crate::manifest::Component;

/// Longest name in UTF-16 units.
const MAX_NAME_LEN: usize = 255;
const FORBIDDEN: &[u8] = b":*?\"<>|";
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const PORTS: [&str; 2] = ["com", "lpt"];
const PORT_NUMBERS: &str = "123456789¹²³";

/// Whether a folder of this system can have such a name.
pub(crate) fn holds(name: &Component) -> bool {
    let Some(text) = os_name(name) else { return false };
    let text = text.to_string_lossy();
    let stem = text.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let is_port = |port: &&str| {
        let mut number = stem.strip_prefix(*port).unwrap_or_default().chars();
        number.next().is_some_and(|digit| PORT_NUMBERS.contains(digit)) && number.next().is_none()
    };
    text.encode_utf16().count() <= MAX_NAME_LEN
        && !name.0.iter().any(|byte| *byte < b' ' || FORBIDDEN.contains(byte))
        && !name.0.ends_with(b".")
        && !name.0.ends_with(b" ")
        && !DEVICES.contains(&stem.as_str())
        && !PORTS.iter().any(is_port)
}

/// Whether a name would lead out of its folder on this system only.
pub(crate) fn leads_away(name: &Component) -> bool {
    let drive = matches!(name.0.as_slice(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    drive || name.0.contains(&b'\\')
}

/// The name behind WTF-8: UTF-8 in which a surrogate may stand alone.
pub(super) fn os_name(name: &Component) -> Option<OsString> {
    let mut units = Vec::with_capacity(name.0.len());
    let mut rest = name.0.as_slice();
    loop {
        let valid = str::from_utf8(rest).map_or_else(|error| error.valid_up_to(), str::len);
        let (text, broken) = rest.split_at_checked(valid)?;
        units.extend(str::from_utf8(text).ok()?.encode_utf16());
        rest = match broken {
            [] => return Some(OsString::from_wide(&units)),
            [0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, rest @ ..] => {
                let low = u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F);
                units.push(0xD000 | low);
                rest
            }
            _ => return None,
        };
    }
}
