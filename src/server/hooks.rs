//! `POST /hooks/TENANT`: a tenant says that something happened there.
//!
//! That is only a reason to look, never data: what is live is asked of the tenant itself. Whoever can't sign changes nothing,
//! is counted, and keeps nobody else's deliveries out; that a tenant receives here is no secret.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;
use tokio::time::Instant;
use tracing::{info, warn};

use super::Board;
use super::routes::text;
use crate::config::{Receive, Settings};
use crate::entry::{Event, HookRefused};
use crate::policy::TenantName;
use crate::signature::{Judge, Signed};

/// The longest body of a delivery.
pub(super) const MAX_BODY: usize = 64 * 1024;
/// How many deliveries of a tenant that are not signed well are answered for in a second.
const MAX_RATE: u32 = 50;
/// How often the ledger is told that deliveries were not taken.
const AUDIT: Duration = Duration::from_secs(60);
/// An event about bots says nothing about policies.
const BOT_EVENT: &str = "BOT_DETECTION_TRIGGERED";
/// The header that Standard Webhooks gives a delivery's id in.
const ID_HEADER: &str = "webhook-id";

/// The hooks of all tenants that have one.
#[derive(Default)]
pub struct Hooks(BTreeMap<TenantName, Mutex<Hook>>);

struct Hook {
    receive: Receive,
    judge: Judge,
    /// The second that is counted, and how many came in it that were not signed well.
    rate: (Instant, u32),
    /// Not taken since the last entry, and when that was.
    refused: (u64, Option<Instant>),
}

/// What is done with a delivery.
enum Verdict {
    Taken,
    TooMany,
    Refused { why: String, name: &'static str, audit: Option<u64> },
}

impl Hooks {
    /// Those of the settings.
    pub fn of(settings: &Settings) -> Self {
        let hook = |receive: &Receive| Hook {
            receive: receive.clone(),
            judge: Judge::new(receive.rules.clone()),
            rate: (Instant::now(), 0),
            refused: (0, None),
        };
        let hooks = settings
            .tenants
            .values()
            .filter_map(|tenant| Some((tenant.name.clone(), Mutex::new(hook(tenant.receive.as_ref()?)))));
        Self(hooks.collect())
    }
}

impl Hook {
    fn judge(&mut self, now: jiff::Timestamp, headers: &HeaderMap, body: &[u8]) -> Verdict {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let signed = Signed {
            signature: text(&self.receive.signature_header),
            timestamp: text(&self.receive.timestamp_header),
            id: text(ID_HEADER),
        };
        let Err(refused) = self.judge.judge(now, signed, body) else { return Verdict::Taken };
        if self.rate.0.elapsed() >= Duration::from_secs(1) {
            self.rate = (Instant::now(), 0);
        }
        self.rate.1 += 1;
        self.refused.0 += 1;
        if self.rate.1 > MAX_RATE {
            return Verdict::TooMany;
        }
        // One entry a minute: a stranger does not fill the ledger.
        let audit = self.refused.1.is_none_or(|told| told.elapsed() >= AUDIT).then_some(self.refused.0);
        if audit.is_some() {
            self.refused = (0, Some(Instant::now()));
        }
        Verdict::Refused { why: refused.to_string(), name: refused.name(), audit }
    }
}

pub(super) async fn receive(
    State(board): State<Arc<Board>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let known = tenant.parse::<TenantName>().ok();
    let Some((tenant, hook)) = known.and_then(|name| board.hooks.0.get_key_value(&name)) else {
        return text(
            StatusCode::NOT_FOUND,
            "no tenant of that name receives here: see `receive` in the settings",
        );
    };
    let body = match body {
        Ok(body) => body,
        Err(why) if why.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            board.metrics.hooked(tenant, "too-long");
            return text(StatusCode::PAYLOAD_TOO_LARGE, "a delivery is at most 64 KiB");
        }
        Err(_) => {
            board.metrics.hooked(tenant, "broken-off");
            return text(StatusCode::BAD_REQUEST, "the delivery broke off");
        }
    };
    let verdict =
        hook.lock().unwrap_or_else(PoisonError::into_inner).judge(board.host.now(), &headers, &body);
    match verdict {
        Verdict::TooMany => {
            board.metrics.hooked(tenant, "too-many");
            let mut answer = text(StatusCode::TOO_MANY_REQUESTS, "too many at once");
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            answer
        }
        Verdict::Refused { why, name, audit } => {
            board.metrics.hooked(tenant, name);
            if let Some(count) = audit {
                refused(&board, tenant, name, count).await;
            }
            text(StatusCode::UNAUTHORIZED, &format!("not taken: {why}"))
        }
        Verdict::Taken => {
            board.metrics.hooked(tenant, "taken");
            taken(&board, tenant, &body);
            text(StatusCode::ACCEPTED, "taken")
        }
    }
}

async fn refused(board: &Board, tenant: &TenantName, reason: &str, count: u64) {
    warn!(name: "hook.refused", tenant = %tenant, reason, count, "hook of {tenant}: {count} not taken: {reason}");
    let event = HookRefused { tenant: tenant.clone(), reason: reason.to_owned(), count };
    if let Err(error) = board.ledger.append(Event::HookRefused(event)).await {
        warn!(name: "hook.unrecorded", tenant = %tenant, error = %error, "that is not on record: {error}");
    }
}

fn taken(board: &Board, tenant: &TenantName, body: &[u8]) {
    let kind = kind(body);
    if kind.as_deref() == Some(BOT_EVENT) {
        board.metrics.bot_seen(tenant);
        info!(name: "hook.bot", tenant = %tenant, "tenant {tenant}: a bot was detected");
        return;
    }
    info!(name: "hook.taken", tenant = %tenant, "tenant {tenant} says that something changed there: it is looked at");
    board.looks.ask(tenant.clone());
    board.ask_now();
}

/// What a delivery says happened, under one of the names that this is given.
fn kind(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    ["event", "eventType", "type"].iter().find_map(|name| body.get(name)?.as_str().map(str::to_owned))
}
