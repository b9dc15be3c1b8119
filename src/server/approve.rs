//! `POST /approve`: somebody lets through what the guard holds.
//!
//! Only what is held at this moment, by its digest: whoever approves has seen exactly that.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tracing::{error, info};

use super::Board;
use super::posted::Posted;
use super::routes::text;
use crate::entry::Event;
use crate::plan::review::Approve;

pub(super) async fn approve(
    State(board): State<Arc<Board>>,
    Posted(Approve { digest, by }): Posted<Approve>,
) -> Response {
    let Some(plan) = board.plan() else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "no pass has looked yet");
    };
    let (tenant, held) = match plan.held_as(&digest) {
        Ok(held) => held,
        Err(why) => return text(StatusCode::CONFLICT, &why.to_string()),
    };
    let (digest, changes, by) = (held.digest, held.changes.len(), by.bounded());
    let approved = held.approved(tenant, by.clone());
    if let Err(error) = board.ledger.append(Event::PlanApproved(approved)).await {
        error!(name: "plan.unrecorded", tenant = %tenant, digest = %digest, error = %error, "nothing is approved: {error}");
        return text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "that can't be put on record, so nothing is approved",
        );
    }
    info!(
        name: "plan.approved", tenant = %tenant, digest = %digest, changes, by = %by,
        "tenant {tenant}: {by} approves the plan {digest}",
    );
    board.ask_now();
    let said = format!("Approved: {changes} changes at tenant {tenant}, plan {digest}. A pass is made now.");
    text(StatusCode::ACCEPTED, &said)
}
