//! A listing of a tenant, page by page, to its end: bounded, and never round in circles.

use std::collections::HashSet;

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::answer::{Unread, object};
use super::client::{Call, HttpTenant};
use super::words::Secrets;
use crate::outcome::{Answer, Endpoint, Failure, Fault};

/// The most items of a listing.
pub(super) const MAX_ITEMS: usize = 100_000;
/// The most pages of a listing.
const MAX_PAGES: usize = 2_000;
const MAX_CURSOR: usize = 4_096;

struct Page {
    items: Vec<Value>,
    next: Option<String>,
}

impl HttpTenant {
    /// Hands every item of a listing to `each`, in its order. `first` is the address of the first page.
    pub(super) async fn list(
        &self,
        endpoint: Endpoint,
        first: &Url,
        correlation: Uuid,
        mut each: impl FnMut(Value) + Send,
    ) -> Result<(), Failure> {
        let read = |answer: &Answer, _: &Secrets| self.page(answer);
        let mut call = Call::get(endpoint, first.clone(), correlation);
        let mut seen = HashSet::new();
        let (mut items, mut attempts) = (0, 0);
        let endless =
            |why: &str, attempts| Failure::new(Fault::Unavailable, format!("{endpoint}: {why}"), attempts);
        for _ in 0..MAX_PAGES {
            let (page, tries) = self.call(&call, read).await?;
            attempts += tries;
            items += page.items.len();
            if items > MAX_ITEMS {
                return Err(endless("the listing has over 100,000 items", attempts));
            }
            page.items.into_iter().for_each(&mut each);
            let Some(cursor) = page.next else { return Ok(()) };
            call.url.clone_from(first);
            call.url.query_pairs_mut().append_pair("cursor", &cursor);
            if !seen.insert(cursor) {
                return Err(endless("the listing repeats its cursor", attempts));
            }
        }
        Err(endless("the listing has over 2,000 pages", attempts))
    }

    fn page(&self, answer: &Answer) -> Result<Page, Unread> {
        let fields = &self.wire.fields;
        let mut body = object(&answer.body)?;
        let Some(Value::Array(items)) = body.get_mut(&fields.items).map(Value::take) else {
            return Err(Unread::Unreadable(format!("its body has no list {:?}", fields.items)));
        };
        let next = match body.get_mut(&fields.next).map(Value::take) {
            Some(Value::String(cursor)) if cursor.len() > MAX_CURSOR => {
                return Err(Unread::Unreadable(format!("its cursor is over {MAX_CURSOR} bytes")));
            }
            Some(Value::String(cursor)) if !cursor.is_empty() => Some(cursor),
            Some(Value::Number(cursor)) => Some(cursor.to_string()),
            _ => None,
        };
        Ok(Page { items, next })
    }
}
