//! Holds as a list: JSON has no keys but strings.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Hold, Subject};

#[derive(Serialize, Deserialize)]
struct Row<H> {
    #[serde(flatten)]
    subject: Subject,
    #[serde(flatten)]
    hold: H,
}

pub(super) fn serialize<S: Serializer>(
    holds: &BTreeMap<Subject, Hold>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(holds.iter().map(|(subject, hold)| Row { subject: subject.clone(), hold }))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Subject, Hold>, D::Error> {
    let rows = Vec::<Row<Hold>>::deserialize(deserializer)?;
    Ok(rows.into_iter().map(|row| (row.subject, row.hold)).collect())
}
