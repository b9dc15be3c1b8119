//! The part of the command line that reads Content-Security-Policy headers, ours or not.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::{Deny, Output};
use crate::csp::{Browser, TargetBrowsers, Version};
use crate::policy::{PolicyName, TenantName};

/// `chatward csp`
#[derive(Debug, Args)]
pub struct Csp {
    /// What to do with it.
    #[command(subcommand)]
    pub verb: CspVerb,
}

/// The verbs of `csp`.
#[derive(Debug, Subcommand)]
pub enum CspVerb {
    /// Say what is wrong with headers, and what each really allows
    ///
    /// One header value a line; a comma in it begins another policy, and all of them must allow what is allowed. A
    /// blank line is an empty policy. With `-o json` each line is answered by one object, as soon as it is read.
    Check(CspCheck),
    /// Compare two headers by what they mean
    ///
    /// The order of directives and sources, upper case and repetitions make no difference. Each file is one header value;
    /// it may stand in several lines.
    Diff(CspDiff),
    /// Make a policy document of a header
    ///
    /// Prints YAML that `chatward validate` reads, with quotes where YAML needs them. What browsers ignore, and a document
    /// can't hold, becomes a comment.
    Import(CspImport),
}

/// `chatward csp check`
#[derive(Debug, Args)]
pub struct CspCheck {
    /// A file of header values, one a line; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The oldest browsers that the policies must work in, such as chrome=100,safari=15.4
    #[arg(long = "target", value_name = "BROWSER=VERSION", value_delimiter = ',')]
    pub targets: Vec<Target>,
    /// Exit with 2 for these too
    #[arg(long, value_name = "WHAT")]
    pub deny: Option<Deny>,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// `chatward csp diff`
#[derive(Debug, Args)]
pub struct CspDiff {
    /// A file with the old header value; - is standard input
    #[arg(value_name = "OLD")]
    pub old: String,
    /// A file with the new one; - is standard input
    #[arg(value_name = "NEW")]
    pub new: String,
    /// OLD and NEW are the header values themselves
    #[arg(long)]
    pub text: bool,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// `chatward csp import`
#[derive(Debug, Args)]
pub struct CspImport {
    /// A file with the header value; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// The policy's name
    #[arg(long, value_name = "NAME")]
    pub name: PolicyName,
    /// The policy's tenant; may be left out where exactly one is configured
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<TenantName>,
}

/// The oldest version of one browser that a policy must work in, written `chrome=100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    browser: Browser,
    version: Version,
}

impl Target {
    /// The browsers by default, but for those that are named.
    pub fn all(named: &[Self]) -> TargetBrowsers {
        let mut targets = TargetBrowsers::default();
        for Self { browser, version } in named {
            targets.set(*browser, *version);
        }
        targets
    }
}

/// Why a text is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No such browser.
    #[error("a target is BROWSER=VERSION, with one of the browsers {}", Browser::ALL.map(Browser::key).join(", "))]
    Browser,
    /// No version.
    #[error("a version is a number such as 100 or 15.4")]
    Version,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (name, version) = text.split_once('=').ok_or(TargetError::Browser)?;
        let browser =
            Browser::ALL.into_iter().find(|known| known.key() == name).ok_or(TargetError::Browser)?;
        let version = version.parse().ok().filter(|version: &Version| version.major > 0);
        Ok(Self { browser, version: version.ok_or(TargetError::Version)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_replace_the_defaults_that_they_name() {
        let targets: Result<Vec<Target>, _> =
            ["chrome=100", "safari=15.4", "safari_ios=16"].iter().map(|t| t.parse()).collect();
        let expected = TargetBrowsers {
            chrome: Version::new(100, 0),
            safari: Version::new(15, 4),
            safari_ios: Some(Version::new(16, 0)),
            ..TargetBrowsers::default()
        };
        assert_eq!(Target::all(&targets.unwrap()), expected);
        for (text, error) in [
            ("chrome", TargetError::Browser),
            ("netscape=4", TargetError::Browser),
            ("chrome=", TargetError::Version),
            ("chrome=0", TargetError::Version),
            ("chrome=new", TargetError::Version),
        ] {
            assert_eq!(text.parse::<Target>(), Err(error), "{text}");
        }
    }
}
