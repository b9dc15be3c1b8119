//! The flags of `chatward observe` and `evidence`: what pages send, and the report on it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::{Common, Output, SandboxFlags};
use crate::digest::EntryHash;
use crate::policy::TenantName;

/// `chatward observe`
#[derive(Debug, Args)]
pub struct Observe {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// A simulated tenant.
    #[command(flatten)]
    pub sandbox: SandboxFlags,
    /// Wait while another process holds the state directory, instead of failing
    #[arg(long)]
    pub standby: bool,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// `chatward evidence`
#[derive(Debug, Args)]
pub struct Evidence {
    /// From when on: a day, such as 2026-10-01, or a time, such as 2026-10-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Timestamp,
    /// Until when: a day, which is part of it, or a time, which is not [default: now]
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub until: Option<Timestamp>,
    /// Only this tenant
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<TenantName>,
    /// Also what was archived in this directory; may be given several times
    #[arg(long, value_name = "DIR")]
    pub archive: Vec<PathBuf>,
    /// An outside copy of an entry's hash that the ledger must reach
    #[arg(long, value_name = "HASH")]
    pub head: Option<EntryHash>,
    /// A public key that may have signed it; may be given several times, where keys were changed
    #[arg(long, value_name = "FILE")]
    pub public_key: Vec<PathBuf>,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// How the report looks.
    #[arg(long, short, value_name = "FORMAT", default_value = "markdown")]
    pub output: EvidenceOutput,
}

/// How a report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvidenceOutput {
    /// For people.
    Markdown,
    /// For programs; the shape has a version.
    Json,
}

/// A day's beginning, or a time.
fn since(text: &str) -> Result<Timestamp, String> {
    time(text, 0)
}

/// A day's end, or a time.
fn until(text: &str) -> Result<Timestamp, String> {
    time(text, 1)
}

fn time(text: &str, days: i64) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let wrong = |_| {
        format!("{text:?} is neither a day, such as 2026-10-01, nor a time, such as 2026-10-01T00:00:00Z")
    };
    let day = text.parse::<Date>().map_err(wrong)?;
    let day = day.checked_add(days.days()).map_err(|error| error.to_string())?;
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole() {
        assert_eq!(since("2026-10-01").unwrap().to_string(), "2026-10-01T00:00:00Z");
        assert_eq!(until("2026-12-31").unwrap().to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(until("2026-12-31T12:00:00+01:00").unwrap().to_string(), "2026-12-31T11:00:00Z");
        assert!(since("yesterday").unwrap_err().contains("neither a day"));
    }
}
