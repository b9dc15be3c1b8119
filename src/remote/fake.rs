//! For tests: a server that answers what it is told to, and remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{HttpTenant, Pace, Timeouts, Tokens, Tuning};
use crate::config::{self, Lookup, Overrides, Tenant};

pub(super) const TOKEN: &str =
    r#"{"access_token": "tok-NUMBER", "token_type": "bearer", "expires_in": 3600}"#;

/// What the server does with a request.
#[derive(Clone)]
pub(super) enum Then {
    /// Status, further headers, body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Closes the connection without an answer.
    Close,
    /// Never answers.
    Hang,
    /// Sends a status line and half a body, and nothing more.
    Stall,
}

pub(super) fn answer(status: u16, body: &str) -> Then {
    Then::Answer(status, Vec::new(), body.as_bytes().to_vec())
}

pub(super) fn with(status: u16, header: &'static str, value: &str) -> Then {
    Then::Answer(status, vec![(header, value.to_owned())], Vec::new())
}

/// A request as it came in. Header names are in lower case.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Token requests and all others apart.
#[derive(Default)]
pub(super) struct Log {
    pub tokens: Vec<Asked>,
    pub calls: Vec<Asked>,
}

pub(super) struct Server {
    pub origin: String,
    log: Arc<Mutex<Log>>,
}

impl Server {
    /// Answers requests in this order, the last for ever; token requests have answers of their own.
    pub async fn new(calls: Vec<Then>, tokens: Vec<Then>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Log::default()));
        let (calls, tokens, shared) = (Arc::new(calls), Arc::new(tokens), Arc::clone(&log));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (calls, tokens, log) = (Arc::clone(&calls), Arc::clone(&tokens), Arc::clone(&shared));
                tokio::spawn(async move { serve(stream, &calls, &tokens, &log).await });
            }
        });
        Self { origin, log }
    }

    /// With a good token endpoint.
    pub async fn calls(calls: Vec<Then>) -> Self {
        Self::new(calls, vec![answer(200, TOKEN)]).await
    }

    pub fn log<T>(&self, see: impl FnOnce(&Log) -> T) -> T {
        see(&self.log.lock().unwrap())
    }

    /// A tenant below a path of this server; `more` are further lines of its settings.
    pub fn settings(&self, more: &str) -> Tenant {
        let text = format!(
            "tenants:\n  - name: acme\n    org_id: acme\n    base_url: {0}/tenants/x\n    token_url: {0}/token\n    \
             client_id: {{ env: ID }}\n    client_secret: {{ env: SECRET }}\n    {more}\n",
            self.origin
        );
        let env = |name: &str| match name {
            "ID" => Some("me:1".to_owned()),
            "SECRET" => Some("hush hush".to_owned()),
            "HOOK" => Some("hook-secret".to_owned()),
            _ => None,
        };
        let file = |_: &std::path::Path| Err("no files here".to_owned());
        let lookup = Lookup { env: &env, file: &file };
        let settings = config::resolve(Some(&text), Overrides::default(), &lookup).unwrap();
        settings.tenants.into_values().next().unwrap()
    }

    pub fn tenant(&self, more: &str) -> HttpTenant {
        HttpTenant::tuned(&self.settings(more), &Arc::new(Tokens::default()), quick()).unwrap()
    }
}

/// Waits for next to nothing; what must time out does so soon.
pub(super) fn quick() -> Tuning {
    let soon = Duration::from_millis(300);
    Tuning {
        timeouts: Timeouts { connect: Duration::from_secs(5), read: soon, total: Duration::from_secs(10) },
        pace: Pace { tries: 3, base: Duration::from_millis(1), cap: Duration::from_millis(1) },
        jitter: || 0.0,
        now: SystemTime::now,
    }
}

async fn serve(mut stream: TcpStream, calls: &[Then], tokens: &[Then], log: &Mutex<Log>) {
    let Some(asked) = read(&mut stream).await else { return };
    let (then, number) = {
        let mut log = log.lock().unwrap();
        let is_token = asked.line.contains(" /token ");
        let (list, answers) = if is_token { (&mut log.tokens, tokens) } else { (&mut log.calls, calls) };
        list.push(asked);
        (answers[(list.len() - 1).min(answers.len() - 1)].clone(), list.len())
    };
    let (status, headers, body, length) = match then {
        Then::Close => return,
        Then::Hang => return std::future::pending().await,
        Then::Stall => (202, Vec::new(), b"half".to_vec(), 8),
        Then::Answer(status, headers, body) => {
            // Each token is another one.
            let body = match String::from_utf8(body) {
                Ok(text) => text.replace("NUMBER", &number.to_string()).into_bytes(),
                Err(error) => error.into_bytes(),
            };
            let length = body.len();
            (status, headers, body, length)
        }
    };
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let _ = stream.write_all(format!("{head}\r\n").as_bytes()).await;
    let _ = stream.write_all(&body).await;
    if body.len() < length {
        std::future::pending::<()>().await;
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Asked { line, headers, body })
}
