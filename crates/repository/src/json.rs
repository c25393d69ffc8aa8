//! The JSON of records: a strict subset (`docs/format.md` section 5).
//!
//! No number but integers below 2^53, no duplicate keys, at most eight levels. Unknown keys are
//! ignored by whoever reads a [`Value`].

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

const MAX_DEPTH: u8 = 8;
const MAX_INTEGER: u64 = 1 << 53;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer, its magnitude below 2^53.
    Integer(i64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object; its keys are unique.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads one value; nothing for text that breaks a rule.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut source = serde_json::Deserializer::from_slice(text);
        let value = Level(0).deserialize(&mut source).ok()?;
        source.end().ok()?;
        Some(value)
    }

    /// The member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The integer, if it is one.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    /// The integer, if it is one and not negative.
    #[must_use]
    pub fn natural(&self) -> Option<u64> {
        self.integer().and_then(|value| u64::try_from(value).ok())
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// Every item of a list through `read`; nothing if one of them gives nothing.
    pub fn list_of<T>(&self, read: impl Fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        self.list()?.iter().map(read).collect()
    }
}

/// `text` as JSON, escaped only where JSON demands it.
#[must_use]
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A JSON array of what `item` makes of each of `items`.
#[must_use]
pub fn array<T>(items: &[T], item: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(","))
}

struct Level(u8);

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl Level {
    fn below<E: serde::de::Error>(&self) -> Result<u8, E> {
        let below = self.0.saturating_add(1);
        if below > MAX_DEPTH { Err(E::custom("too deep")) } else { Ok(below) }
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value of the strict subset")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() >= MAX_INTEGER {
            return Err(E::custom("an integer is too large"));
        }
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        let value = i64::try_from(value).map_err(|_| E::custom("an integer is too large"))?;
        self.visit_i64(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = source.next_element_seed(Level(below))? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut members: Vec<(String, Value)> = Vec::new();
        while let Some(key) = source.next_key::<String>()? {
            if members.iter().any(|(name, _)| *name == key) {
                return Err(A::Error::custom("a key stands twice"));
            }
            members.push((key, source.next_value_seed(Level(below))?));
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_subset_does_not_have_is_refused() {
        let wrong: [&[u8]; 16] = [
            b"",
            b"1.0",
            b"1e3",
            b"-0",
            b"9007199254740992",
            b"-9007199254740992",
            b"18446744073709551616",
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":1,\"\\u0061\":2}",
            b"\"\\ud800\"",
            b"\"\xff\"",
            b"\xef\xbb\xbf1",
            b"1 2",
            b"[[[[[[[[[1]]]]]]]]]",
            b"NaN",
            b"'a'",
        ];
        for text in wrong {
            assert_eq!(Value::parse(text), None, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn what_it_has_is_read() {
        let value =
            Value::parse(br#"{"a":[[[[[[[1]]]]]]],"b":-9007199254740991,"c":"\ud83d\ude00"}"#);
        let value = value.unwrap();
        assert_eq!(value.get("b").and_then(Value::integer), Some(-9_007_199_254_740_991));
        assert_eq!(value.get("c").and_then(Value::text), Some("\u{1F600}"));
        assert_eq!(quote("\u{1}\"\\/\u{7f}é"), "\"\\u0001\\\"\\\\/\u{7f}é\"");
    }
}
