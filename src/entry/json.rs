//! Reading an entry from its line, member by member.
//!
//! Serde's own way of a tag inside an object keeps all of the object in memory first, which is what a ledger of millions
//! of entries would mostly wait for. A line names its event before anything that depends on it, so one pass is enough.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Entry, Event, VERSION};
use crate::digest::EntryHash;

impl Entry {
    /// Reads an entry from its JSON, whose members come in the order in which they are written.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(object: &[u8]) -> serde_json::Result<Self> {
        // Once for all of it: text by text it takes longer.
        let object = std::str::from_utf8(object).map_err(serde_json::Error::custom)?;
        let mut json = serde_json::Deserializer::from_str(object);
        let entry = json.deserialize_map(Whole)?;
        json.end().map(|()| entry)
    }
}

struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Entry, M::Error> {
        let version = first(&mut members, "version")?;
        let sequence = first(&mut members, "sequence")?;
        let time = first(&mut members, "time")?;
        let Text(name) = first(&mut members, "event")?;
        let mut previous_hash = None;
        let rest = Rest { members, previous_hash: &mut previous_hash };
        // Of a newer format the event may have another form; its version is what has to be said of it.
        let event = Event::named(&name, MapAccessDeserializer::new(rest)).map_err(|error| {
            match version > VERSION {
                true => Error::custom(format_args!("its format is version {version}, newer than {VERSION}")),
                false => error,
            }
        })?;
        let previous_hash = previous_hash.ok_or_else(|| Error::missing_field("previousHash"))?;
        Ok(Entry { version, sequence, time, event, previous_hash })
    }
}

/// A text that is not copied where it needs no unescaping.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The value of the next member, which must be this one.
fn first<'de, M: MapAccess<'de>, T: Deserialize<'de>>(
    members: &mut M,
    name: &'static str,
) -> Result<T, M::Error> {
    match members.next_key::<Text<'de>>()? {
        Some(Text(key)) if key == name => members.next_value(),
        _ => Err(Error::missing_field(name)),
    }
}

/// The members behind the event's name, but for the one that is not the event's.
struct Rest<'a, M> {
    members: M,
    previous_hash: &'a mut Option<EntryHash>,
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for Rest<'_, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, M::Error> {
        loop {
            let Some(Text(key)) = self.members.next_key::<Text<'de>>()? else { return Ok(None) };
            if key == "previousHash" {
                *self.previous_hash = Some(self.members.next_value()?);
                continue;
            }
            return match key {
                Cow::Borrowed(key) => seed.deserialize(serde::de::value::BorrowedStrDeserializer::new(key)),
                Cow::Owned(key) => seed.deserialize(serde::de::value::StringDeserializer::new(key)),
            }
            .map(Some);
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, M::Error> {
        self.members.next_value_seed(seed)
    }
}
