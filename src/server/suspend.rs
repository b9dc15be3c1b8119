//! `POST /suspend` and `POST /resume`: leaving a tenant or a policy alone, while this process writes the ledger.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::Board;
use super::posted::Posted;
use super::routes::text;
use crate::ledger::LedgerError;
use crate::suspend::{self, Resume, Suspend, SuspendError};

pub(super) async fn suspend(State(board): State<Arc<Board>>, Posted(asked): Posted<Suspend>) -> Response {
    if !board.has_tenant(&asked.tenant) {
        return answer(&board, Err(SuspendError::UnknownTenant(asked.tenant)));
    }
    let done = suspend::suspend(&board.ledger, &asked, board.host.now()).await;
    answer(&board, done)
}

pub(super) async fn resume(State(board): State<Arc<Board>>, Posted(asked): Posted<Resume>) -> Response {
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
