//! How a sandbox behaves.

use std::path::PathBuf;
use std::time::Duration;

use super::fault::Fault;

/// How a sandbox behaves. The default is a tenant that offers everything, at its best.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a job takes, where no fault says otherwise.
    pub job_duration: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Whether what is live can be read and deleted, policies and webhooks; 405 otherwise.
    pub reads: bool,
    /// Whether a request repeated under its `Idempotency-Key` is done once; the header is overlooked otherwise.
    pub idempotency: bool,
    /// Where ids and tokens are drawn from: the same seed and requests give the same.
    pub seed: u64,
    /// The file that the model is kept in, beyond the process.
    pub store: Option<PathBuf>,
    /// How long a token is good for.
    pub token_lifetime: Duration,
    /// The most policies on one page of a list.
    pub page_size: usize,
    /// The most requests to one tenant in a second, over all its endpoints; 429 beyond that.
    pub requests_per_second: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            job_duration: Duration::from_secs(1),
            faults: Vec::new(),
            reads: true,
            idempotency: true,
            seed: 0,
            store: None,
            token_lifetime: Duration::from_secs(3600),
            page_size: 100,
            requests_per_second: None,
        }
    }
}
