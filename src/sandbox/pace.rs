//! How many requests a tenant takes in a second: a token bucket that holds one second's worth.

use jiff::Timestamp;

use super::time::elapsed;

/// The bucket of one tenant. It is full at first.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// How full it was, and when; `None`: full.
    level: Option<(f64, Timestamp)>,
}

impl Bucket {
    /// Takes one request of `rate` a second.
    ///
    /// # Errors
    /// The seconds, at least 1, after which there is room again.
    pub fn take(&mut self, now: Timestamp, rate: u32) -> Result<(), u32> {
        let rate = f64::from(rate.max(1));
        let level = match self.level {
            Some((level, since)) => (level + elapsed(since, now).as_secs_f64() * rate).min(rate),
            None => rate,
        };
        let room = level >= 1.0;
        self.level = Some((if room { level - 1.0 } else { level }, now));
        // A rate of at least 1 fills any lack of room within a second.
        if room { Ok(()) } else { Err(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holds_its_worth_and_refills() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let mut bucket = Bucket::default();
        let taken = [(0, true), (0, true), (0, false), (400, false), (500, true), (500, false), (9000, true)];
        for (ms, expected) in taken {
            assert_eq!(bucket.take(at(ms), 2).is_ok(), expected, "at {ms} ms");
        }
        assert_eq!(bucket.take(at(0), 2), Ok(()), "a clock set back takes nothing away");
    }
}
