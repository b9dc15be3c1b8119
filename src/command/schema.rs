//! `chatward schema`: the JSON Schema of a policy document.

use super::{Exit, print_json};
use crate::policy;

pub(super) fn run() -> anyhow::Result<Exit> {
    print_json(&policy::schema())?;
    Ok(Exit::Fine)
}
