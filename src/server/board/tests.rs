//! Alive, ready, and who may ask, in paused time.

use tempfile::TempDir;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn board(terms: impl FnOnce(&mut Terms)) -> (Board, mpsc::Receiver<()>, TempDir) {
    let directory = TempDir::new().unwrap();
    let host = Host::real();
    let ledger = Ledger::open(directory.path(), Arc::clone(&host.clock)).unwrap();
    let (ask, asked) = mpsc::channel(1);
    let mut settled = Terms {
        policies: PathBuf::from("policies"),
        patience: HOUR,
        max_staleness: None,
        local: true,
        token: None,
        per_policy: false,
    };
    terms(&mut settled);
    (
        Board::new(settled, Default::default(), Arc::new(ledger), host, Arc::new(Metrics::new()), ask),
        asked,
        directory,
    )
}

fn report(failed: bool) -> Report {
    let failure = crate::outcome::Failure::new(crate::outcome::Fault::Credentials, "refused", 1);
    let failures = failed.then(|| ("acme".parse().unwrap(), failure)).into_iter().collect();
    Report {
        plan: Arc::default(),
        results: Vec::new(),
        failures,
        snapshot: Arc::default(),
        look_again: false,
    }
}

fn step() -> StepResult {
    let (action, outcome) = (Action::Create, Outcome::Waiting("its job goes on".to_owned()));
    let id = crate::policy::PolicyId { tenant: "acme".parse().unwrap(), name: "a".parse().unwrap() };
    StepResult { id, action, outcome, verification: None, rollback: None }
}

#[tokio::test(start_paused = true)]
async fn it_is_alive_while_passes_end() {
    let (board, _asked, _directory) = board(|_| {});
    assert_eq!(board.alive().unwrap(), "alive: something was done 0s ago");
    tokio::time::advance(HOUR + Duration::from_secs(1)).await;
    assert_eq!(board.alive().unwrap_err(), "stuck: nothing was done and no pass ended for 1h 1s, over 1h");
    board.pass_ended(&report(true));
    assert!(board.alive().is_ok(), "a tenant that fails is no reason to be restarted");
    // A pass that takes long is alive as long as its steps end.
    for _ in 0..3 {
        tokio::time::advance(HOUR - Duration::from_secs(1)).await;
        board.ended(&step());
        assert!(board.alive().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_once_a_pass_has_ended_and_a_tenant_could_be_worked_with() {
    let (board, _asked, _directory) = board(|terms| terms.max_staleness = Some(HOUR));
    assert!(board.ready().unwrap_err().contains("the first pass has not ended"));
    board.pass_ended(&report(true));
    assert!(board.ready().unwrap_err().contains("no tenant could be worked with"));
    board.connected(&"acme".parse().unwrap());
    assert_eq!(board.ready().unwrap(), "ready");
    tokio::time::advance(HOUR + Duration::from_secs(1)).await;
    board.pass_ended(&report(true));
    assert!(board.ready().unwrap_err().contains("without a failure ended 1h 1s ago, over 1h"));
    board.pass_ended(&report(false));
    assert_eq!(board.ready().unwrap(), "ready");
}

#[tokio::test]
async fn who_may_ask_for_a_pass() {
    type Row<'a> = (bool, Option<&'a str>, Option<&'a str>, bool, Result<(), Refusal>);
    let token = Some("fake-token");
    let rows: [Row<'_>; 7] = [
        (true, None, None, false, Ok(())),
        (true, None, None, true, Err(Refusal::Browser)),
        (true, token, None, false, Err(Refusal::WrongToken)),
        (false, None, None, false, Err(Refusal::NoToken)),
        (false, None, token, false, Err(Refusal::NoToken)),
        (false, token, Some("another"), false, Err(Refusal::WrongToken)),
        (false, token, token, false, Ok(())),
    ];
    for (local, token, bearer, page, expected) in rows {
        let (board, mut asked, _directory) = board(|terms| {
            terms.local = local;
            terms.token = token.map(SecretString::from);
        });
        assert_eq!(board.admits(bearer, page), expected, "{local} {token:?} {bearer:?} {page}");
        assert!(asked.try_recv().is_err(), "that is for whoever is admitted to say");
    }
}
