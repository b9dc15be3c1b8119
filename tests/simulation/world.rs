//! What a run has in common: chance, time, weather, death, and what happened.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use chatward::host::{Host, Waiting};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::weather::Weather;
use super::{Course, Sabotage};

/// What a moment of a life brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Life goes on.
    Calm,
    /// The directory is edited.
    Edit,
    /// The process dies.
    Death,
}

/// How a life is to end.
#[derive(Debug, Default)]
struct Fate {
    /// At that moment it dies.
    moment: Option<u64>,
    /// At that operation of the disk it dies.
    write: Option<u64>,
    /// At that operation of the disk the disk fails.
    failure: Option<u64>,
    /// At that moment it is asked to end, and to wait for nothing.
    drain: Option<u64>,
    stop: Option<u64>,
}

/// What everything in a run shares.
pub struct World {
    /// What is broken on purpose.
    pub sabotage: Option<Sabotage>,
    /// What the run is like.
    pub weather: Weather,
    chance: Mutex<Rng>,
    scratch: TempDir,
    start: Instant,
    skew: Mutex<SignedDuration>,
    leapt: AtomicBool,
    jumped: AtomicBool,
    calm: AtomicBool,
    dead: AtomicBool,
    failed: AtomicBool,
    moments: AtomicU64,
    life_writes: AtomicU64,
    fate: Mutex<Fate>,
    course: Mutex<Course>,
    fingerprint: Mutex<DefaultHasher>,
    traced: bool,
    trace: Mutex<Vec<String>>,
}

thread_local! {
    /// The world whose wall clock the HTTP client of this thread reads.
    static HERE: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// Where real files are written and forgotten: in memory, where there is such a place.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap()
}

impl World {
    pub fn new(seed: u64, sabotage: Option<Sabotage>, traced: bool) -> Arc<Self> {
        let mut rng = Rng::with_seed(seed);
        let weather = Weather::of(&mut rng);
        let world = Self {
            sabotage,
            weather,
            chance: Mutex::new(rng),
            scratch: scratch(),
            start: Instant::now(),
            skew: Mutex::default(),
            leapt: AtomicBool::new(false),
            jumped: AtomicBool::new(false),
            calm: AtomicBool::new(false),
            dead: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            moments: AtomicU64::new(0),
            life_writes: AtomicU64::new(0),
            fate: Mutex::default(),
            course: Mutex::default(),
            fingerprint: Mutex::default(),
            traced,
            trace: Mutex::default(),
        };
        world.note(|| format!("{weather:?}"));
        Arc::new(world)
    }

    /// Makes this the world whose time the client goes by.
    pub fn enter(self: &Arc<Self>) {
        HERE.set(Some(Arc::clone(self)));
    }

    pub fn leave(&self) {
        HERE.set(None);
    }

    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    pub fn policies(&self) -> PathBuf {
        self.path().join("policies")
    }

    pub fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    // Chance.

    pub fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.chance.lock().unwrap())
    }

    pub fn below(&self, limit: usize) -> usize {
        self.draw(|rng| rng.usize(..limit))
    }

    /// One time in so many; never, where that is 0.
    pub fn one_in(&self, many: usize) -> bool {
        many > 0 && self.below(many) == 0
    }

    pub fn pick<T: Copy>(&self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    // Time.

    /// The time that tenants go by, and everybody but the wall clock.
    pub fn true_now(&self) -> Timestamp {
        let start = Timestamp::from_second(1_793_000_000).unwrap();
        start + SignedDuration::try_from(self.start.elapsed()).unwrap()
    }

    /// The wall clock of the machine.
    pub fn wall_now(&self) -> Timestamp {
        self.true_now() + *self.skew.lock().unwrap()
    }

    /// Whether the wall clock ever jumped.
    pub fn has_jumped(&self) -> bool {
        self.jumped.load(Ordering::Relaxed)
    }

    /// Whether it ever jumped by a day ahead, so that keys seem older than they are.
    pub fn has_leapt(&self) -> bool {
        self.leapt.load(Ordering::Relaxed)
    }

    fn jump(&self) {
        let hours = self.pick(&[-24, 24, -1, 1]);
        *self.skew.lock().unwrap() += SignedDuration::from_hours(hours);
        self.jumped.store(true, Ordering::Relaxed);
        self.leapt.fetch_or(hours == 24, Ordering::Relaxed);
        self.note(|| format!("the wall clock jumps by {hours} h"));
    }

    /// What a process is given.
    pub fn host(self: &Arc<Self>) -> Host {
        let (clock, ids, chance) = (Arc::clone(self), Arc::clone(self), Arc::clone(self));
        Host {
            clock: Arc::new(move || clock.wall_now()),
            new_id: Arc::new(move || ids.new_id()),
            chance: Arc::new(move || chance.draw(Rng::f64)),
            waiting: Waiting::Here,
        }
    }

    pub fn new_id(&self) -> Uuid {
        Uuid::from_u128(self.draw(|rng| rng.u128(..)))
    }

    // Life and death.

    /// Whether nothing goes wrong any more.
    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    pub fn calm_down(&self) {
        self.note(|| "calm".to_owned());
        self.calm.store(true, Ordering::Relaxed);
        *self.fate.lock().unwrap() = Fate::default();
    }

    /// A process starts, and how it is to end is decided.
    pub fn begin_life(&self) -> u64 {
        self.dead.store(false, Ordering::Relaxed);
        self.failed.store(false, Ordering::Relaxed);
        self.moments.store(0, Ordering::Relaxed);
        self.life_writes.store(0, Ordering::Relaxed);
        let lives = {
            let mut course = self.course.lock().unwrap();
            course.lives += 1;
            course.lives
        };
        if !self.is_calm() {
            let moment = |rounds: usize| Some(1 + (1 << self.below(rounds)) + self.below(20) as u64);
            let mut fate = Fate::default();
            match self.below(4) {
                0 => fate.moment = moment(9),
                1 => fate.write = moment(6),
                2 => fate.drain = moment(9),
                _ => (fate.drain, fate.stop) = (moment(8), moment(9)),
            }
            if self.weather.disk && self.one_in(2) {
                fate.failure = moment(6);
            }
            *self.fate.lock().unwrap() = fate;
        }
        self.note(|| format!("life {lives} begins"));
        lives
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    fn die(&self, of: &str) {
        self.dead.store(true, Ordering::Relaxed);
        self.course.lock().unwrap().deaths += 1;
        self.note(|| format!("death {of}"));
    }

    /// Whether the disk failed in this life.
    pub fn disk_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// One moment of a life goes by.
    pub fn moment(&self, drain: &CancellationToken, stop: &CancellationToken) -> Moment {
        if self.is_calm() {
            return Moment::Calm;
        }
        let now = self.moments.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(now < 100_000, "a life without an end");
        let (dies, drains, stops) = {
            let fate = self.fate.lock().unwrap();
            (fate.moment == Some(now), fate.drain == Some(now), fate.stop == Some(now))
        };
        if dies {
            self.die("at an await");
            return Moment::Death;
        }
        if drains || stops {
            self.note(|| if stops { "told to stop".to_owned() } else { "told to drain".to_owned() });
            drain.cancel();
        }
        if stops {
            stop.cancel();
        }
        if self.weather.jumps && self.one_in(60) {
            self.jump();
        }
        if self.one_in(self.weather.edits) { Moment::Edit } else { Moment::Calm }
    }

    /// One operation of the disk is asked for. `Err` where it is cut off or fails: the process dies with it, or is told.
    pub fn write(&self, what: impl FnOnce() -> String) -> Result<(), &'static str> {
        self.course.lock().unwrap().writes += 1;
        self.note(what);
        if self.is_dead() {
            return Err("the process is dead");
        }
        let now = self.life_writes.fetch_add(1, Ordering::Relaxed) + 1;
        let (dies, fails) = {
            let fate = self.fate.lock().unwrap();
            (fate.write == Some(now), fate.failure == Some(now))
        };
        if dies {
            self.die("at a write");
            return Err("the process dies");
        }
        if fails {
            self.failed.store(true, Ordering::Relaxed);
            self.note(|| "the disk fails".to_owned());
            return Err("the disk fails");
        }
        Ok(())
    }

    /// Never comes back to a process that is dead.
    pub async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    // What happened.

    pub fn note(&self, what: impl FnOnce() -> String) {
        let what = what();
        what.hash(&mut *self.fingerprint.lock().unwrap());
        if self.traced {
            let at = self.start.elapsed().as_secs_f64();
            self.trace.lock().unwrap().push(format!("{at:>10.3} {what}"));
        }
    }

    pub fn count(&self, count: impl FnOnce(&mut Course)) {
        count(&mut self.course.lock().unwrap());
    }

    pub fn requests(&self) -> u64 {
        self.course.lock().unwrap().requests
    }

    pub fn tell(&self) -> (Course, Vec<String>) {
        let fingerprint = self.fingerprint.lock().unwrap().finish();
        let course = Course { fingerprint, ..*self.course.lock().unwrap() };
        (course, std::mem::take(&mut self.trace.lock().unwrap()))
    }
}

/// The wall clock of the world that this thread is in.
pub fn wall_clock() -> SystemTime {
    HERE.with_borrow(|world| {
        world.as_ref().map_or(SystemTime::UNIX_EPOCH, |world| SystemTime::try_from(world.wall_now()).unwrap())
    })
}
