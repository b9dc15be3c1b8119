//! `POST /suspend` and `POST /resume`: leaving a tenant or a policy alone, while this process writes the ledger.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::Board;
use super::routes::{admitted, text};
use crate::ledger::LedgerError;
use crate::suspend::{self, Resume, Suspend, SuspendError};

pub(super) async fn suspend(
    State(board): State<Arc<Board>>,
    headers: HeaderMap,
    asked: Result<Json<Suspend>, JsonRejection>,
) -> Response {
    if let Err(refused) = admitted(&board, &headers) {
        return *refused;
    }
    let Json(asked) = match asked {
        Ok(asked) => asked,
        Err(why) => {
            return text(why.status(), &format!("{why}; there are tenant, name, until, reason and by"));
        }
    };
    if !board.has_tenant(&asked.tenant) {
        return answer(&board, Err(SuspendError::UnknownTenant(asked.tenant)));
    }
    let done = suspend::suspend(&board.ledger, &asked, board.host.now()).await;
    answer(&board, done)
}

pub(super) async fn resume(
    State(board): State<Arc<Board>>,
    headers: HeaderMap,
    asked: Result<Json<Resume>, JsonRejection>,
) -> Response {
    if let Err(refused) = admitted(&board, &headers) {
        return *refused;
    }
    let Json(asked) = match asked {
        Ok(asked) => asked,
        Err(why) => return text(why.status(), &format!("{why}; there are tenant, name and by")),
    };
    let done = suspend::resume(&board.ledger, &asked).await;
    answer(&board, done)
}

/// What it came to; what is on record counts from the next pass on, which is made now.
fn answer(board: &Board, done: Result<String, SuspendError>) -> Response {
    match done {
        Ok(said) => {
            board.ask_now();
            text(StatusCode::OK, &said)
        }
        // Somebody else was faster.
        Err(SuspendError::Ledger(error @ LedgerError::Illegal(_))) => {
            text(StatusCode::CONFLICT, &error.to_string())
        }
        Err(SuspendError::Ledger(error)) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        Err(error @ (SuspendError::UnknownTenant(_) | SuspendError::NotSuspended(..))) => {
            text(StatusCode::NOT_FOUND, &error.to_string())
        }
        Err(error @ (SuspendError::Term(_) | SuspendError::TooMany(_))) => {
            text(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string())
        }
    }
}
