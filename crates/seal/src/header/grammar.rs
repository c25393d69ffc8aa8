//! The text of a header: version line, stanzas, MAC line (C2SP age.md, "Header").
//!
//! Reading takes exactly the header's bytes from the source and never more than
//! [`MAX_HEADER_LEN`] of them.

use std::io::BufRead;

use super::encoding;
use crate::error::Error;
use crate::limits::{MAX_HEADER_LEN, MAX_LINE_LEN, MAX_STANZAS};
use crate::read::read_error;

const VERSION_LINE: &[u8] = b"age-encryption.org/v1";
const VERSION_PREFIX: &[u8] = b"age-encryption.org/v";
const COLUMNS: usize = 64;
const BYTES_PER_LINE: usize = 48;
const MAC_START: &str = "---";

/// One recipient stanza: a type, its arguments and a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stanza {
    /// The stanza's type, such as `mlkem768x25519`.
    pub tag: String,
    /// The arguments after the type.
    pub args: Vec<String>,
    /// The decoded body.
    pub body: Vec<u8>,
}

/// A header as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawHeader {
    pub(crate) stanzas: Vec<Stanza>,
    pub(crate) mac: Vec<u8>,
    /// Every byte that the MAC covers: the header up to and including `---`.
    pub(crate) covered: Vec<u8>,
    /// Length of the whole header in bytes, with its last line feed.
    pub(crate) len: u64,
}

/// Reads a header and leaves `source` at the payload nonce.
pub(crate) fn read(source: &mut impl BufRead) -> Result<RawHeader, Error> {
    let mut lines = Lines { source, taken: Vec::new(), number: 0 };
    version(lines.next(Error::NotSealed)?)?;
    let mut stanzas = Vec::new();
    loop {
        let (start, line) = lines.text()?;
        if let Some(rest) = line.strip_prefix(MAC_START) {
            let mac = mac(rest).ok_or(malformed("the MAC line is not canonical", lines.number))?;
            let len = lines.taken.len() as u64;
            let mut covered = lines.taken;
            covered.truncate(start.saturating_add(MAC_START.len()));
            if stanzas.is_empty() {
                return Err(malformed("the header has no stanza", lines.number));
            }
            return Ok(RawHeader { stanzas, mac, covered, len });
        }
        if stanzas.len() == MAX_STANZAS {
            return Err(malformed("the header has more than 64 stanzas", lines.number));
        }
        stanzas.push(stanza(&line, &mut lines)?);
    }
}

/// The bytes that the MAC of a header with these stanzas covers.
pub(crate) fn covered(stanzas: &[Stanza]) -> Vec<u8> {
    let mut text = String::from("age-encryption.org/v1\n");
    for stanza in stanzas {
        text.push_str("-> ");
        text.push_str(&stanza.tag);
        for arg in &stanza.args {
            text.push(' ');
            text.push_str(arg);
        }
        text.push('\n');
        for line in stanza.body.chunks(BYTES_PER_LINE) {
            text.push_str(&encoding::encode(line));
            text.push('\n');
        }
        if stanza.body.len().is_multiple_of(BYTES_PER_LINE) {
            text.push('\n');
        }
    }
    text.push_str(MAC_START);
    text.into_bytes()
}

fn version(line: &[u8]) -> Result<(), Error> {
    if line == VERSION_LINE {
        return Ok(());
    }
    match line.strip_prefix(VERSION_PREFIX) {
        Some(number) if !number.is_empty() && number.iter().all(u8::is_ascii_digit) => {
            Err(Error::UnsupportedVersion)
        }
        _ => Err(Error::NotSealed),
    }
}

fn mac(rest: &str) -> Option<Vec<u8>> {
    let mac = encoding::decode(rest.strip_prefix(' ')?)?;
    (mac.len() == 32).then_some(mac)
}

fn stanza(line: &str, lines: &mut Lines<'_, impl BufRead>) -> Result<Stanza, Error> {
    let number = lines.number;
    let rest =
        line.strip_prefix("-> ").ok_or(malformed("a stanza does not begin with '-> '", number))?;
    if !rest.split(' ').all(printable) {
        return Err(malformed("a stanza has an empty or unprintable argument", number));
    }
    let mut words = rest.split(' ').map(str::to_owned);
    let tag = words.next().unwrap_or_default();
    let args = words.collect();
    Ok(Stanza { tag, args, body: body(lines)? })
}

fn printable(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic())
}

fn body(lines: &mut Lines<'_, impl BufRead>) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        let (_, line) = lines.text()?;
        if line.len() > COLUMNS {
            return Err(malformed(
                "a stanza body's line is longer than 64 characters",
                lines.number,
            ));
        }
        let bytes = encoding::decode(&line)
            .ok_or(malformed("a stanza body is not canonical base64", lines.number))?;
        body.extend_from_slice(&bytes);
        if bytes.len() < BYTES_PER_LINE {
            return Ok(body);
        }
    }
}

fn malformed(what: &'static str, line: u64) -> Error {
    Error::Malformed { what, line: Some(line) }
}

struct Lines<'a, R> {
    source: &'a mut R,
    /// Everything read so far.
    taken: Vec<u8>,
    /// One-based number of the line read last.
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line as text, and where it starts in `taken`.
    fn text(&mut self) -> Result<(usize, String), Error> {
        let start = self.taken.len();
        let number = self.number.saturating_add(1);
        let line =
            self.next(malformed("the header ends too early or a line is too long", number))?;
        match str::from_utf8(line) {
            Ok(text) => Ok((start, text.to_owned())),
            Err(_) => Err(malformed("the header has a byte that is not printable", number)),
        }
    }

    /// The next line without its line feed; `missing` if there is none within the limits.
    fn next(&mut self, missing: Error) -> Result<&[u8], Error> {
        self.number = self.number.saturating_add(1);
        let start = self.taken.len();
        loop {
            let piece = self.source.fill_buf();
            let piece = match piece {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                other => other.map_err(|error| read_error(&error))?,
            };
            let found = piece.iter().position(|byte| *byte == b'\n');
            let len = found.map_or(piece.len(), |end| end.saturating_add(1));
            self.taken.extend_from_slice(piece.get(..len).unwrap_or_default());
            self.source.consume(len);
            let line_len = self.taken.len().saturating_sub(start);
            let too_long =
                line_len > MAX_LINE_LEN.saturating_add(1) || self.taken.len() > MAX_HEADER_LEN;
            if len == 0 || too_long {
                return Err(missing);
            }
            if found.is_some() {
                let line = self.taken.get(start..).unwrap_or_default();
                return Ok(line.strip_suffix(b"\n").unwrap_or(line));
            }
        }
    }
}
