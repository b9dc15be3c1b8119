//! The tenants: the sandbox's own model, asked in process by the client's own requests, with faults by chance.
//!
//! Beside the model stands an account of every job that was begun there: the tenant's own log, which the ledger is held
//! to in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatward::digest::Digest;
use chatward::outcome::Reply;
use chatward::payload::Payload;
use chatward::policy::{PolicyId, PolicyName, TenantName};
use chatward::remote::{Carried, Response, Transport};
use chatward::sandbox::{Delivery, Fault, Model, Options, Request};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;
use tokio::time::sleep;

use super::Sabotage;
use super::faults::Kind;
use super::world::World;

/// How long the client waits for an answer that does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Well: what it is about is live.
    Well,
    /// Without effect.
    Badly,
    /// Never.
    Never,
}

/// A job that was begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// When, by the tenant's clock.
    pub at: Timestamp,
    /// Its request's idempotency key.
    pub key: String,
    /// Its request's correlation id.
    pub correlation: String,
    /// Whose it is.
    pub tenant: TenantName,
    /// Which policy it brings live, and with which digest; nothing for a removal.
    pub put: Option<(PolicyName, String)>,
    /// How it ends.
    pub ending: Ending,
    /// When, if ever.
    pub ends: Timestamp,
    /// Whether the answer to its request arrived.
    pub answered: bool,
    /// In which life it was asked for.
    pub life: u64,
}

impl Begun {
    /// Whether it is not over before anybody stops waiting for it.
    pub fn is_late(&self, patience: Duration) -> bool {
        self.ending == Ending::Never || Duration::try_from(self.ends - self.at).unwrap() >= patience
    }
}

/// All tenants.
pub struct Tenants {
    world: Arc<World>,
    model: Mutex<Model>,
    begun: Mutex<Vec<Begun>>,
    /// Submits by correlation id, and the life that they were first made in.
    submits: Mutex<BTreeMap<String, (u64, Request)>>,
    resumed: Mutex<BTreeSet<String>>,
    refused: Mutex<BTreeSet<String>>,
    life: Mutex<u64>,
}

impl Tenants {
    pub fn new(world: &Arc<World>) -> Arc<Self> {
        let weather = &world.weather;
        let options = Options {
            reads: weather.reads,
            idempotency: weather.keys,
            seed: world.draw(|rng| rng.u64(..)),
            token_lifetime: weather.token,
            page_size: 3,
            ..Options::default()
        };
        Arc::new(Self {
            world: Arc::clone(world),
            model: Mutex::new(Model::new(options)),
            begun: Mutex::default(),
            submits: Mutex::default(),
            resumed: Mutex::default(),
            refused: Mutex::default(),
            life: Mutex::new(0),
        })
    }

    /// From now on requests are made by this process.
    pub fn begin_life(&self, life: u64) {
        *self.life.lock().unwrap() = life;
    }

    pub fn life(&self) -> u64 {
        *self.life.lock().unwrap()
    }

    /// Every job that was begun, in the order of beginning.
    pub fn begun(&self) -> Vec<Begun> {
        self.begun.lock().unwrap().clone()
    }

    /// What is live now, by the digest of what is there.
    pub fn live(&self, tenant: &TenantName) -> BTreeMap<PolicyName, Digest> {
        let live = self.model.lock().unwrap().live(self.world.true_now(), tenant);
        let digest = |payload: Value| serde_json::from_value::<Payload>(payload).unwrap().digest().unwrap();
        live.into_iter().map(|(name, payload)| (name.parse().unwrap(), digest(payload))).collect()
    }

    /// Somebody removes a policy at the tenant (sabotage).
    pub fn lose(&self, id: &PolicyId) -> bool {
        self.model.lock().unwrap().remove(self.world.true_now(), &id.tenant, id.name.as_str())
    }

    /// When the last job ends that ever does.
    pub fn last_end(&self) -> Option<Timestamp> {
        let begun = self.begun.lock().unwrap();
        begun.iter().filter(|job| job.ending != Ending::Never).map(|job| job.ends).max()
    }

    async fn answer(&self, request: reqwest::Request) -> Result<Response, Reply> {
        let world = &self.world;
        self.pause().await;
        if !world.is_calm() && world.weather.faults > 0 && world.one_in(world.weather.faults * 8) {
            return Err(Reply::NotSent("connection refused".to_owned()));
        }
        let request = as_model_sees(&request);
        let (reply, begun) = self.hand_over(request);
        if reply.delivery == Delivery::Never || reply.delay > PATIENCE {
            sleep(PATIENCE).await;
            return Err(Reply::Lost("timed out".to_owned()));
        }
        sleep(reply.delay).await;
        self.pause().await;
        let body = match reply.delivery {
            Delivery::Reset | Delivery::Never => return Err(Reply::Lost("connection reset".to_owned())),
            Delivery::Truncated => Err("cut off".to_owned()),
            Delivery::Whole => Ok(reply.response.body),
        };
        if let (Some(begun), Ok(_)) = (begun, &body) {
            self.begun.lock().unwrap()[begun].answered = true;
        }
        let headers = reply.response.headers.iter();
        let headers = headers
            .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap()));
        Ok(Response { status: reply.response.status, headers: HeaderMap::from_iter(headers), body })
    }

    /// The way there, and the way back.
    async fn pause(&self) {
        self.world.alive().await;
        sleep(Duration::from_millis(self.world.below(20) as u64)).await;
        self.world.alive().await;
    }

    /// Hands a request to the model. Gives its reply, and which job it began.
    fn hand_over(&self, mut request: Request) -> (chatward::sandbox::Reply, Option<usize>) {
        let kind = Kind::of(&request.method, &request.path);
        self.sabotage(kind, &mut request);
        let now = self.world.true_now();
        let (mut faults, ending, takes) = self.ending();
        if !matches!(kind, Kind::Submit | Kind::Delete) {
            faults.clear();
        }
        faults.extend(self.fault(kind, &request));
        let mut model = self.model.lock().unwrap();
        model.set_faults(faults.iter().map(|line| line.parse::<Fault>().unwrap()).collect());
        let before = model.changes();
        let reply = model.handle(now, &request);
        self.world.count(|course| course.requests += 1);
        self.world.note(|| {
            let (status, key) = (reply.status(), header(&request, "idempotency-key"));
            let (what, job) = match about(&request) {
                Some((name, digest)) => (
                    format!("{name} {}", &digest[..8]),
                    String::from_utf8_lossy(&reply.response.body).into_owned(),
                ),
                None => Default::default(),
            };
            let tried = if faults.is_empty() { String::new() } else { format!(" ({})", faults.join(", ")) };
            let path = request.path.replace("/api/v2/webchat/security-policies", "");
            format!("{kind:?} {path} {key} {what} -> {status:?} {job}{tried}")
        });
        let began = model.changes() > before && matches!(kind, Kind::Submit | Kind::Delete);
        let begun = began.then(|| {
            let mut begun = self.begun.lock().unwrap();
            begun.push(Begun {
                at: now,
                key: header(&request, "idempotency-key").to_owned(),
                correlation: header(&request, "x-cxone-correlation-id").to_owned(),
                tenant: tenant(&request.path),
                put: (kind == Kind::Submit).then(|| about(&request)).flatten(),
                ending,
                ends: now + SignedDuration::try_from(takes).unwrap(),
                answered: false,
                life: self.life(),
            });
            begun.len() - 1
        });
        (reply, begun)
    }

    /// How the next job ends, and after how long.
    fn ending(&self) -> (Vec<String>, Ending, Duration) {
        let world = &self.world;
        if world.sabotage == Some(Sabotage::Endless) {
            return (vec!["job:stuck".to_owned()], Ending::Never, Duration::ZERO);
        }
        let takes = match world.below(6) {
            _ if world.is_calm() => 1,
            _ if world.weather.orderly => 5,
            0 => world.below(300),
            1 => 0,
            _ => world.below(20),
        };
        let (kind, ending) = match world.below(40) {
            _ if world.sabotage == Some(Sabotage::Effect) && world.one_in(3) => ("fail", Ending::Well),
            _ if world.is_calm() || world.weather.faults == 0 => ("complete", Ending::Well),
            0 => ("fail", Ending::Badly),
            1 => ("cancel", Ending::Badly),
            2 => ("expire", Ending::Badly),
            3 => ("lost", Ending::Badly),
            4 if !world.weather.orderly => ("stuck", Ending::Never),
            5 => ("weird-status", Ending::Well),
            _ => ("complete", Ending::Well),
        };
        let takes = Duration::from_secs(takes as u64);
        (vec![format!("job:{kind}:duration={}s", takes.as_secs())], ending, takes)
    }

    /// What goes wrong with a request, if anything.
    fn fault(&self, kind: Kind, request: &Request) -> Option<String> {
        let world = &self.world;
        if world.is_calm() {
            return None;
        }
        // What is refused is refused each time: the same bytes are as good or bad as before.
        if kind == Kind::Submit
            && let Some((_, digest)) = about(request)
        {
            let mut refused = self.refused.lock().unwrap();
            let is_first = !self
                .submits
                .lock()
                .unwrap()
                .values()
                .any(|(_, it)| about(it).is_some_and(|it| it.1 == digest));
            if is_first && world.weather.faults > 0 && world.one_in(20) {
                refused.insert(digest.clone());
            }
            self.remember(request);
            if refused.contains(&digest) {
                return Some("submit:422".to_owned());
            }
        }
        world.one_in(world.weather.faults).then(|| world.pick(kind.faults()).to_owned())
    }

    fn remember(&self, request: &Request) {
        let life = self.life();
        let correlation = header(request, "x-cxone-correlation-id").to_owned();
        self.submits.lock().unwrap().entry(correlation).or_insert_with(|| (life, request.clone()));
    }

    fn sabotage(&self, kind: Kind, request: &mut Request) {
        let correlation = header(request, "x-cxone-correlation-id").to_owned();
        match (self.world.sabotage, kind) {
            (Some(Sabotage::Key), Kind::Submit)
                if self.submits.lock().unwrap().contains_key(&correlation) =>
            {
                request.headers.insert("idempotency-key".to_owned(), self.world.new_id().to_string());
            }
            (Some(Sabotage::Resume), Kind::Job) => self.submit_anew(&correlation),
            (Some(Sabotage::Untold), Kind::Submit) if self.world.one_in(10) => {
                let id = self.world.new_id().to_string();
                request.headers.insert("x-cxone-correlation-id".to_owned(), id);
            }
            _ => {}
        }
    }

    /// What an earlier life submitted is submitted once more, as if nothing of it were known.
    fn submit_anew(&self, correlation: &str) {
        let life = self.life();
        let earlier = self.submits.lock().unwrap().get(correlation).cloned();
        let Some((_, mut request)) = earlier.filter(|(made, _)| *made < life) else { return };
        if self.resumed.lock().unwrap().insert(correlation.to_owned()) {
            let token = self.world.new_id().to_string();
            request.headers.insert("idempotency-key".to_owned(), token);
            self.hand_over(request);
        }
    }
}

impl Transport for Tenants {
    fn carry(&self, request: reqwest::Request) -> Carried<'_> {
        Box::pin(self.answer(request))
    }
}

fn as_model_sees(request: &reqwest::Request) -> Request {
    let headers = request.headers().iter();
    Request {
        method: request.method().to_string(),
        path: request.url().path().to_owned(),
        query: request.url().query().map(str::to_owned),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect(),
        body: request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec(),
    }
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.header(name).unwrap_or_default()
}

fn tenant(path: &str) -> TenantName {
    path.split('/').nth(2).unwrap().parse().unwrap()
}

/// The policy that a submit is about, and its digest.
fn about(request: &Request) -> Option<(PolicyName, String)> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let text = |name: &str| body["metadata"][name].as_str().map(str::to_owned);
    Some((text("policyName")?.parse().ok()?, text("policyHash")?))
}
