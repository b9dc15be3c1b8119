//! What a request is for, and what may go wrong with it.

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Token,
    Submit,
    Delete,
    Job,
    List,
    Probe,
}

impl Kind {
    pub fn of(method: &str, path: &str) -> Self {
        match method {
            _ if path.ends_with("/oauth/token") => Self::Token,
            _ if path.ends_with("/validate/security") => Self::Probe,
            _ if path.contains("/jobs/") => Self::Job,
            "POST" => Self::Submit,
            "DELETE" => Self::Delete,
            _ => Self::List,
        }
    }

    /// What may go wrong with it, in the sandbox's words.
    pub fn faults(self) -> &'static [&'static str] {
        match self {
            Self::Token => &["token:503", "token:429:retry-after=7", "token:reset", "token:garbage"],
            Self::Submit => &[
                "submit:503:applied=no",
                "submit:500:applied=no",
                "submit:429:retry-after=3",
                "submit:429",
                "submit:401",
                "submit:403",
                "submit:reset:applied=yes",
                "submit:reset:applied=no",
                "submit:hang:applied=yes",
                "submit:hang:applied=no",
                "submit:truncated",
                "submit:no-location",
                "submit:slow=5s",
            ],
            Self::Delete => &[
                "delete:503:applied=no",
                "delete:429:retry-after=3",
                "delete:401",
                "delete:reset:applied=yes",
                "delete:reset:applied=no",
                "delete:truncated",
                "delete:slow=5s",
            ],
            Self::Job => &[
                "job:503",
                "job:429:retry-after=3",
                "job:401",
                "job:reset",
                "job:hang",
                "job:garbage",
                "job:slow=0s:retry-after=20",
                "job:slow=4s",
            ],
            Self::List => &["list:503", "list:reset", "list:garbage"],
            Self::Probe => &["probe:503", "probe:reset", "probe:429"],
        }
    }
}
