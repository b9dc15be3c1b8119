//! The pace as tables, as properties, and over many jobs in virtual time.

use proptest::prelude::*;

use super::*;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// What is learnt from jobs that took exactly so long.
fn learnt(ends: impl IntoIterator<Item = f64>) -> Durations {
    let mut durations = Durations::default();
    for end in ends {
        durations.learn(seconds(end), seconds(end));
    }
    durations
}

fn aim(durations: &Durations, job: &Job) -> Option<Aim> {
    Aim::new(durations, &Survivors::default(), job, Duration::ZERO)
}

/// The latest moment of the contract's poll of that number, from 0.
fn latest(job: &Job, poll: u32) -> Duration {
    (0..=poll).map(|poll| doubled(job, poll, 1.0)).sum()
}

#[test]
fn the_pace_doubles_to_its_cap() {
    let job = Job::default();
    let rows = [(0, 1.0, 2.0), (0, 0.0, 1.0), (1, 1.0, 4.0), (3, 0.5, 12.0), (4, 1.0, 30.0), (99, 1.0, 30.0)];
    for (polls, chance, expected) in rows {
        let elapsed = Some(seconds(1.0));
        let pause = pause(&job, None, Asked { polls, elapsed, ..Asked::default() }, chance);
        assert_eq!(pause, seconds(expected), "{polls} {chance}");
    }
}

#[test]
fn the_tenants_own_pause_wins_and_a_job_of_unknown_age_is_not_aimed_at() {
    let job = Job::default();
    let aim = aim(&learnt([0.5; 9]), &job);
    let told =
        Asked { polls: 0, elapsed: Some(seconds(1.0)), retry_after: Some(seconds(7.0)), ..Asked::default() };
    assert_eq!(pause(&job, aim.as_ref(), told, 0.0), seconds(7.0));
    assert_eq!(pause(&job, aim.as_ref(), Asked::default(), 1.0), seconds(2.0));
    assert_eq!(self::aim(&Durations::default(), &job), None);
}

#[test]
fn polls_are_aimed_at_where_jobs_end() {
    let even: Vec<f64> = (0..400).map(|step| 0.2 + 19.8 * f64::from(step * 149 % 400) / 400.0).collect();
    // What was seen, how long ago the job began, and between what the pause is.
    let rows = [
        ("at a sharp end", vec![1.0; 64], 0.0, 0.8, 1.3),
        ("not between two groups", [0.5, 25.0].repeat(64), 1.0, 2.5, 3.0),
        ("at the second group", [0.5, 25.0].repeat(64), 20.0, 2.0, 8.0),
        ("at the ceiling where ends are even and far", even.clone(), 0.0, 1.5, 2.0),
        ("narrower later on", even.clone(), 10.0, 1.0, 2.0),
        ("and narrower still", even, 19.0, 0.1, 1.0),
    ];
    for (name, ends, elapsed, least, most) in rows {
        let aim = aim(&learnt(ends), &Job::default()).unwrap();
        let pause = aim.pause(seconds(elapsed)).as_secs_f64();
        assert!((least..=most).contains(&pause), "{name}: {pause}");
    }
}

#[test]
fn news_are_told_once() {
    let pace = Pace::new(learnt([1.0]));
    assert!(!pace.take_news());
    let mut watched = pace.watch();
    watched.ran(seconds(1.0));
    assert!(!pace.take_news());
    watched.ended(seconds(2.0));
    assert!(pace.take_news());
    assert!(!pace.take_news());
    assert_ne!(pace.durations(), learnt([1.0]));
}

#[test]
fn a_job_that_is_waited_for_no_longer_counts_no_longer() {
    let pace = Pace::default();
    let mut watched = pace.watch();
    watched.ran(seconds(3.0));
    assert_ne!(pace.lock().survivors, Survivors::default());
    drop(watched);
    assert_eq!(pace.lock().survivors, Survivors::default());
}

/// The requirement: 200 jobs one after another, nothing known before; `cargo bench --bench polling` tries far more.
#[test]
fn even_durations_are_seen_soon_with_few_polls() {
    let job = Job::default();
    let (mut lags, mut polls, mut ends) = (0.0, 0, 0.0);
    for seed in 0..4 {
        let pace = Pace::default();
        let mut chance = fastrand::Rng::with_seed(seed);
        for _ in 0..200 {
            let end = seconds(0.2 + 19.8 * chance.f64());
            let mut watched = pace.watch();
            let mut elapsed = Duration::ZERO;
            for poll in 0.. {
                let asked = Asked { polls: poll, elapsed: Some(elapsed), ..Asked::default() };
                elapsed += pace.pause(&job, asked, chance.f64());
                polls += 1;
                if elapsed >= end {
                    break;
                }
                watched.ran(elapsed);
            }
            watched.ended(elapsed);
            lags += (elapsed - end).as_secs_f64();
            ends += end.as_secs_f64();
        }
    }
    assert!(lags < 0.1 * ends, "{} s", lags / 800.0);
    assert!(polls < 6 * 800, "{polls}");
}

#[test]
fn the_longer_requests_queue_the_fewer_polls_there_are() {
    let job = Job::default();
    let ends: Vec<f64> = (0..64).map(|step| 1.5 + f64::from(step * 29 % 64) / 64.0).collect();
    let polls = |queue| {
        let pace = Pace::new(learnt(ends.clone()));
        let mut elapsed = Duration::ZERO;
        let asked = |elapsed| Asked { elapsed: Some(elapsed), queue: seconds(queue), ..Asked::default() };
        let polls = (0..99).find(|_| {
            elapsed += pace.pause(&job, asked(elapsed), 0.5);
            // Whatever was asked comes to its turn only after the queue.
            elapsed += seconds(queue);
            elapsed >= seconds(2.5)
        });
        polls.unwrap() + 1
    };
    assert!(polls(0.0) > 3, "{}", polls(0.0));
    assert_eq!((polls(0.6), polls(2.0)), (1, 1));
    let rows = [(0, 0), (15, 0), (16, 16), (17, 32), (1_000, 1_024), (u64::MAX, 1 << 63)];
    for (queue, expected) in rows {
        assert_eq!(about(Duration::from_millis(queue)), Duration::from_millis(expected), "{queue} ms");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_poll_is_later_than_the_contracts_nor_too_soon(
        ends in prop::collection::vec(0.0f64..700.0, 1..40),
        base in 1u64..5_000,
        cap in 1u64..40_000,
        chances in prop::collection::vec(0.0f64..=1.0, 30),
    ) {
        let job = Job { base_delay: Duration::from_millis(base), max_delay: Duration::from_millis(cap), ..Job::default() };
        let aim = aim(&learnt(ends), &job);
        let mut elapsed = Duration::ZERO;
        for (polls, chance) in (0..).zip(chances) {
            let pause = pause(&job, aim.as_ref(), Asked { polls, elapsed: Some(elapsed), ..Asked::default() }, chance);
            prop_assert!(pause >= floor(&job), "{:?}", pause);
            prop_assert!(pause <= job.max_delay);
            elapsed += pause;
            prop_assert!(elapsed <= latest(&job, polls), "{:?}", elapsed);
        }
    }
}
