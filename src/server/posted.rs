//! What is posted by hand, to a daemon that writes the ledger: taken only of whoever has the token, and read before anything
//! is done.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::Board;
use super::routes::{admitted, text};

/// The longest body.
pub(super) const MAX_BODY: usize = 16 * 1024;

/// What is asked for.
pub(super) struct Posted<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Board>> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, board: &Arc<Board>) -> Result<Self, Response> {
        admitted(board, request.headers()).map_err(|refused| *refused)?;
        let read = Json::from_request(request, board).await;
        read.map(|Json(asked)| Self(asked)).map_err(|why| text(why.status(), &why.body_text()))
    }
}
