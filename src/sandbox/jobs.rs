//! Jobs: changes that come live when their time has passed, and what is answered about them.
//!
//! How a job ends was decided when it was made. Nothing happens at its end but that the next look, at whatever, finds
//! it ended: so a restart in between changes nothing. Jobs of one policy may end out of order; the last to end wins.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::fault::Ending;
use super::time::later;
use super::wire::Response;
use crate::policy::TenantName;

/// The most jobs that run at once; a submit beyond that is answered with 503.
pub(super) const MAX_RUNNING: usize = 10_000;
/// The most ended jobs that are kept; the oldest go first, and are not found then.
pub(super) const MAX_ENDED: usize = 100_000;

/// What a job brings about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// That payload is live.
    Put(Value),
    /// Nothing is.
    Remove,
}

/// One job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    id: String,
    sequence: u64,
    pub tenant: TenantName,
    pub policy: String,
    pub policy_id: String,
    ending: Ending,
    /// `None`: never.
    ends_at: Option<Timestamp>,
    /// What is still to be brought about; `None` once it has ended.
    change: Option<Change>,
}

/// A change that is due, in the order of the jobs' ends.
#[derive(Debug, PartialEq)]
pub(super) struct Due {
    pub tenant: TenantName,
    pub policy: String,
    pub policy_id: String,
    pub change: Change,
}

/// What a new job is about.
pub(super) struct NewJob {
    pub id: String,
    pub tenant: TenantName,
    pub policy: String,
    pub policy_id: String,
    pub change: Change,
}

/// All jobs of all tenants.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<Job>")]
pub(super) struct Jobs {
    by_id: BTreeMap<String, Job>,
    due: BTreeSet<(Timestamp, u64, String)>,
    ended: VecDeque<String>,
    last_sequence: u64,
}

impl Job {
    fn status(&self) -> &'static str {
        match (self.change.is_some(), self.ending) {
            (true, Ending::WeirdStatus) => "PONDERING",
            (true, _) => "RUNNING",
            (false, Ending::Fail) => "FAILED",
            (false, Ending::Cancel) => "CANCELLED",
            (false, Ending::Expire) => "EXPIRED",
            (false, Ending::Complete | Ending::WeirdStatus | Ending::Stuck | Ending::Lost) => "COMPLETED",
        }
    }

    fn error_message(&self) -> Option<String> {
        let why = match self.ending {
            Ending::Fail => "could not be compiled: the edge refused it",
            Ending::Cancel => "was cancelled by an administrator",
            Ending::Expire => "was not picked up in time",
            _ => return None,
        };
        self.change.is_none().then(|| format!("policy {} {why}", self.policy))
    }

    fn succeeds(&self) -> bool {
        matches!(self.ending, Ending::Complete | Ending::WeirdStatus)
    }

    /// The answer about it.
    pub fn answer(&self) -> Response {
        let mut body = json!({ "jobId": self.id, "status": self.status() });
        if self.change.is_none() && self.succeeds() {
            body["policyId"] = json!(self.policy_id);
        }
        if let Some(message) = self.error_message() {
            body["errorMessage"] = json!(message);
        }
        Response::json(200, &body)
    }
}

impl Jobs {
    /// Whether no more can be begun.
    pub fn is_full(&self) -> bool {
        self.by_id.len() - self.ended.len() >= MAX_RUNNING
    }

    /// Begins a job that ends so after that time.
    pub fn begin(&mut self, now: Timestamp, new: NewJob, ending: Ending, duration: Duration) {
        self.last_sequence += 1;
        let ends_at = (ending != Ending::Stuck).then(|| later(now, duration));
        self.insert(Job {
            id: new.id,
            sequence: self.last_sequence,
            tenant: new.tenant,
            policy: new.policy,
            policy_id: new.policy_id,
            ending,
            ends_at,
            change: Some(new.change),
        });
    }

    /// A job of that tenant.
    pub fn get(&self, tenant: &TenantName, id: &str) -> Option<&Job> {
        self.by_id.get(id).filter(|job| job.tenant == *tenant)
    }

    /// Ends the jobs whose time has come; what they bring about, in the order of their ends.
    pub fn settle(&mut self, now: Timestamp) -> Vec<Due> {
        let mut changes = Vec::new();
        while let Some(first) = self.due.first().filter(|(at, ..)| *at <= now).cloned() {
            self.due.remove(&first);
            let (_, _, id) = first;
            let Some(job) = self.by_id.get_mut(&id) else { continue };
            let change = job.change.take().filter(|_| job.succeeds());
            changes.extend(change.map(|change| Due {
                tenant: job.tenant.clone(),
                policy: job.policy.clone(),
                policy_id: job.policy_id.clone(),
                change,
            }));
            self.end(id);
        }
        changes
    }

    fn end(&mut self, id: String) {
        self.ended.push_back(id);
        if self.ended.len() > MAX_ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }

    fn insert(&mut self, job: Job) {
        if let (Some(at), Some(_)) = (job.ends_at, &job.change) {
            self.due.insert((at, job.sequence, job.id.clone()));
        }
        self.by_id.insert(job.id.clone(), job);
    }
}

impl From<Vec<Job>> for Jobs {
    fn from(mut stored: Vec<Job>) -> Self {
        let mut jobs = Self::default();
        stored.sort_by_key(|job| (job.ends_at, job.sequence));
        for job in stored {
            jobs.last_sequence = jobs.last_sequence.max(job.sequence);
            let ended = job.change.is_none().then(|| job.id.clone());
            jobs.insert(job);
            if let Some(id) = ended {
                jobs.end(id);
            }
        }
        jobs
    }
}

impl Serialize for Jobs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.by_id.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn begin(jobs: &mut Jobs, id: &str, ending: Ending, seconds: u64) {
        let new = NewJob {
            id: id.to_owned(),
            tenant: "acme".parse().unwrap(),
            policy: "chat".to_owned(),
            policy_id: "pol-1".to_owned(),
            change: Change::Put(json!(id)),
        };
        jobs.begin(at(0), new, ending, Duration::from_secs(seconds));
    }

    fn status(jobs: &Jobs, id: &str) -> String {
        let body = jobs.get(&"acme".parse().unwrap(), id).unwrap().answer().body;
        serde_json::from_slice::<Value>(&body).unwrap()["status"].as_str().unwrap().to_owned()
    }

    #[test]
    fn jobs_end_as_was_decided_and_in_the_order_of_their_ends() {
        let mut jobs = Jobs::default();
        let endings = [
            ("a", Ending::Complete, 9, "RUNNING", "COMPLETED"),
            ("b", Ending::WeirdStatus, 5, "PONDERING", "COMPLETED"),
            ("c", Ending::Fail, 5, "RUNNING", "FAILED"),
            ("d", Ending::Cancel, 5, "RUNNING", "CANCELLED"),
            ("e", Ending::Expire, 5, "RUNNING", "EXPIRED"),
            ("f", Ending::Stuck, 5, "RUNNING", "RUNNING"),
        ];
        for (id, ending, seconds, running, _) in endings {
            begin(&mut jobs, id, ending, seconds);
            assert_eq!(status(&jobs, id), running);
        }
        assert!(jobs.settle(at(4)).is_empty());
        let live: Vec<Change> = jobs.settle(at(100)).into_iter().map(|due| due.change).collect();
        assert_eq!(live, [Change::Put(json!("b")), Change::Put(json!("a"))]);
        for (id, .., ended) in endings {
            assert_eq!(status(&jobs, id), ended, "{id}");
        }
        assert!(jobs.get(&"other".parse().unwrap(), "a").is_none());
    }

    #[test]
    fn stored_jobs_go_on() {
        let mut jobs = Jobs::default();
        begin(&mut jobs, "z", Ending::Complete, 1);
        begin(&mut jobs, "a", Ending::Complete, 9);
        jobs.settle(at(1));
        let mut again: Jobs = serde_json::from_value(serde_json::to_value(&jobs).unwrap()).unwrap();
        assert_eq!((status(&again, "z"), status(&again, "a")), ("COMPLETED".into(), "RUNNING".into()));
        assert_eq!(again.settle(at(9)).len(), 1);
        assert_eq!(again.last_sequence, 2);
    }

    #[test]
    fn the_oldest_ended_jobs_are_forgotten() {
        let mut jobs = Jobs::default();
        for index in 0..=MAX_ENDED {
            begin(&mut jobs, &format!("job-{index}"), Ending::Complete, 0);
            jobs.settle(at(0));
        }
        assert_eq!(jobs.by_id.len(), MAX_ENDED);
        assert!(!jobs.by_id.contains_key("job-0"));
        assert!(!jobs.is_full());
    }
}
