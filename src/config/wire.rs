//! The words of the wire, as a preset gives them and a tenant may change them.
//!
//! The one preset, `tutorial`, is what the contract says. Its endpoints could not be confirmed against public
//! documentation of a CXone tenant, which is why every word of it can be set, and why `chatward doctor` says so.

use super::raw;

/// The name of the only preset.
pub const TUTORIAL: &str = "tutorial";

/// Where each thing is, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// Path of the policies.
    pub policies_path: String,
    /// Path of a job whose submit named no location; `{id}` stands for its id.
    pub job_path: String,
    /// Path of the webhooks.
    pub webhooks_path: String,
    /// Path of a probe below the webchat endpoint.
    pub probe_path: String,
    /// Header of the correlation id.
    pub correlation_header: String,
    /// Header of the idempotency key.
    pub idempotency_header: String,
    /// Words for a job that has ended well.
    pub done_words: Vec<String>,
    /// Words for a job that has ended otherwise.
    pub failed_words: Vec<String>,
    /// Names of members of answers.
    pub fields: Fields,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $ours:literal is $default:literal;)*) => {
        /// Names of members of answers.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Fields {
            $($(#[$doc])* pub $field: String,)*
        }

        impl Default for Fields {
            fn default() -> Self {
                Self { $($field: $default.to_owned(),)* }
            }
        }

        impl Fields {
            /// Every name that can be set.
            const NAMES: &[&str] = &[$($ours),*];

            fn set(&mut self, ours: &str, theirs: &str) -> bool {
                match ours {
                    $($ours => self.$field = theirs.to_owned(),)*
                    _ => return false,
                }
                true
            }
        }
    };
}

fields! {
    /// A job's state.
    status = "status" is "status";
    /// Why a job failed.
    error_message = "errorMessage" is "errorMessage";
    /// A policy's id at the tenant.
    policy_id = "policyId" is "policyId";
    /// A job's id, where a submit names no location; `id` serves too.
    job_id = "jobId" is "jobId";
    /// A token.
    access_token = "accessToken" is "access_token";
    /// A token's lifetime in seconds.
    expires_in = "expiresIn" is "expires_in";
    /// A webhook's id.
    webhook_id = "webhookId" is "id";
    /// The items of a listing.
    items = "items" is "items";
    /// The cursor of a listing's next page.
    next = "next" is "next";
    /// The payload of a listed policy.
    policy = "policy" is "policy";
}

impl Default for Wire {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            policies_path: "/api/v2/webchat/security-policies".to_owned(),
            job_path: "/api/v2/webchat/security-policies/jobs/{id}".to_owned(),
            webhooks_path: "/api/v2/webhooks/security-events".to_owned(),
            probe_path: "/validate/security".to_owned(),
            correlation_header: "X-CXone-Correlation-ID".to_owned(),
            idempotency_header: "Idempotency-Key".to_owned(),
            done_words: words(&["COMPLETED", "SUCCEEDED"]),
            failed_words: words(&["FAILED", "CANCELLED", "EXPIRED"]),
            fields: Fields::default(),
        }
    }
}

impl Wire {
    /// The preset with what a tenant changes of it; `Err` names what can't be set.
    pub(super) fn with(raw: &raw::Wire) -> Result<Self, String> {
        let mut wire = Self::default();
        let texts = [
            (&mut wire.policies_path, &raw.policies_path),
            (&mut wire.job_path, &raw.job_path),
            (&mut wire.webhooks_path, &raw.webhooks_path),
            (&mut wire.probe_path, &raw.probe_path),
            (&mut wire.correlation_header, &raw.correlation_header),
            (&mut wire.idempotency_header, &raw.idempotency_header),
        ];
        for (target, text) in texts {
            text.clone_into_some(target);
        }
        for path in [&wire.policies_path, &wire.job_path, &wire.webhooks_path, &wire.probe_path] {
            if !path.starts_with('/') {
                return Err(format!("a path begins with a slash, unlike {path:?}"));
            }
        }
        if !wire.job_path.contains("{id}") {
            return Err(format!("wire.job_path needs {{id}} in it, unlike {:?}", wire.job_path));
        }
        for header in [&wire.correlation_header, &wire.idempotency_header] {
            if header.is_empty() || !header.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
                return Err(format!("{header:?} is not a header's name"));
            }
        }
        for (target, words) in
            [(&mut wire.done_words, &raw.done_words), (&mut wire.failed_words, &raw.failed_words)]
        {
            words.clone_into_some(target);
        }
        for (ours, theirs) in &raw.fields {
            if !wire.fields.set(ours, theirs) {
                return Err(format!("wire.fields has no {ours:?}; there are {}", Fields::NAMES.join(", ")));
            }
        }
        Ok(wire)
    }
}

trait CloneIntoSome<T> {
    fn clone_into_some(&self, target: &mut T);
}

impl<T: Clone> CloneIntoSome<T> for Option<T> {
    fn clone_into_some(&self, target: &mut T) {
        if let Some(value) = self {
            target.clone_from(value);
        }
    }
}
