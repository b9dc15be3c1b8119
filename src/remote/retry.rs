//! What follows a reply that gave nothing: ask again and when, or give up as what. Pure; the clock and chance are passed in.
//!
//! Doubt is sticky. Once one try of an operation may have been taken, in this call or in an earlier one, running out of
//! tries can't end as "unavailable", and a refusal of a later try does not say that the first one was refused.

use std::time::Duration;

use super::tuning::Pace;
use crate::outcome::{Class, Fault};

/// What follows a reply that gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// The same request again, after this pause.
    Again(Duration),
    /// The same request again, with another token.
    NewToken,
    /// It ends here.
    GiveUp(Fault),
}

/// The tries of one operation at one endpoint so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// Requests made.
    pub count: u32,
    /// Whether one of them may have been taken.
    pub in_doubt: bool,
    /// Whether a token was refused.
    token_refused: bool,
}

impl Tries {
    /// None so far. `again`: an earlier call may have been taken.
    pub fn of(again: bool) -> Self {
        Self { in_doubt: again, ..Self::default() }
    }

    /// Counts a reply of this class and status, and decides what follows it.
    pub fn decide(&mut self, class: Class, status: Option<u16>, pace: &Pace, jitter: f64) -> Decision {
        self.count += 1;
        self.in_doubt |= class == Class::InDoubt;
        let back_off = pace.back_off(self.count, jitter);
        match class {
            // Both are read before anything is decided.
            Class::Success | Class::NotFound => self.give_up(Fault::Internal),
            Class::Token if !self.token_refused => {
                self.token_refused = true;
                Decision::NewToken
            }
            Class::Transient(pause) if self.count < pace.tries => Decision::Again(pause.unwrap_or(back_off)),
            Class::InDoubt if self.count < pace.tries => Decision::Again(back_off),
            Class::Transient(_) => self.give_up(Fault::Unavailable),
            Class::InDoubt => self.give_up(Fault::InDoubt),
            Class::Token => self.give_up(Fault::Credentials),
            Class::Forbidden => self.give_up(Fault::Forbidden),
            // What a tenant does not have took nothing before either.
            Class::NotOffered => Decision::GiveUp(Fault::NotOffered),
            // The same bytes under the same key: what is refused now was refused before. Not so for a conflict, which
            // may be with the earlier try itself, nor for what is no answer of the tenant's own, such as a redirect.
            Class::Rejected if matches!(status, Some(400..=408 | 410..=499)) => {
                Decision::GiveUp(Fault::Rejected)
            }
            Class::Rejected => self.give_up(Fault::Rejected),
        }
    }

    /// The fault that an operation ends in that would otherwise end in this one.
    pub fn ending_in(&self, fault: Fault) -> Fault {
        if self.in_doubt { Fault::InDoubt } else { fault }
    }

    fn give_up(&self, fault: Fault) -> Decision {
        Decision::GiveUp(self.ending_in(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The class of a reply, and its status.
    type Seen = (Class, Option<u16>);

    const PACE: Pace = Pace { tries: 3, base: Duration::from_millis(500), cap: Duration::from_secs(30) };
    const PAUSE: Duration = Duration::from_secs(7);
    const TRANSIENT: Seen = (Class::Transient(None), Some(503));
    const LOST: Seen = (Class::InDoubt, None);
    const TOKEN: Seen = (Class::Token, Some(401));

    fn rejected(status: u16) -> Seen {
        (Class::Rejected, Some(status))
    }

    /// Half of the longest pause after this many tries.
    fn back_off(tried: u32) -> Decision {
        Decision::Again(Duration::from_millis(250) * 2u32.pow(tried - 1))
    }

    #[test]
    fn a_run_of_replies_ends_as_it_should() {
        use Decision::*;
        let rows: &[(&[Seen], &[Decision])] = &[
            (&[TRANSIENT; 3], &[back_off(1), back_off(2), GiveUp(Fault::Unavailable)]),
            (&[(Class::Transient(Some(PAUSE)), Some(429))], &[Again(PAUSE)]),
            (&[LOST; 3], &[back_off(1), back_off(2), GiveUp(Fault::InDoubt)]),
            // Sticky: a later refusal does not tell what became of the first.
            (&[LOST, TRANSIENT, TRANSIENT], &[back_off(1), back_off(2), GiveUp(Fault::InDoubt)]),
            (&[LOST, (Class::Forbidden, Some(403))], &[back_off(1), GiveUp(Fault::InDoubt)]),
            (&[LOST, (Class::NotOffered, Some(405))], &[back_off(1), GiveUp(Fault::NotOffered)]),
            (&[LOST, rejected(409)], &[back_off(1), GiveUp(Fault::InDoubt)]),
            (&[LOST, rejected(302)], &[back_off(1), GiveUp(Fault::InDoubt)]),
            (&[LOST, rejected(422)], &[back_off(1), GiveUp(Fault::Rejected)]),
            (&[TRANSIENT, rejected(409)], &[back_off(1), GiveUp(Fault::Rejected)]),
            (&[rejected(302)], &[GiveUp(Fault::Rejected)]),
            (&[(Class::Forbidden, Some(403))], &[GiveUp(Fault::Forbidden)]),
            // One other token, and no more, whatever happens in between.
            (&[TOKEN], &[NewToken]),
            (&[TOKEN, TOKEN], &[NewToken, GiveUp(Fault::Credentials)]),
            (&[TOKEN, TRANSIENT, TOKEN], &[NewToken, back_off(2), GiveUp(Fault::Credentials)]),
            (&[TOKEN, LOST, TOKEN], &[NewToken, back_off(2), GiveUp(Fault::InDoubt)]),
        ];
        for (replies, expected) in rows {
            let mut tries = Tries::default();
            let decide = |(class, status): &Seen| tries.decide(*class, *status, &PACE, 0.5);
            let decisions: Vec<Decision> = replies.iter().map(decide).collect();
            assert_eq!(&decisions, expected, "{replies:?}");
            assert_eq!(tries.count as usize, replies.len());
        }
    }

    #[test]
    fn the_doubt_of_an_earlier_call_is_as_sticky() {
        let rows = [
            (TRANSIENT, Fault::InDoubt),
            (TOKEN, Fault::InDoubt),
            ((Class::Forbidden, Some(403)), Fault::InDoubt),
            ((Class::NotOffered, Some(405)), Fault::NotOffered),
            (rejected(409), Fault::InDoubt),
            (rejected(422), Fault::Rejected),
        ];
        for (reply, expected) in rows {
            let mut tries = Tries::of(true);
            let decisions = [(); 3].map(|()| tries.decide(reply.0, reply.1, &PACE, 0.0));
            assert_eq!(decisions[2], Decision::GiveUp(expected), "{reply:?}");
        }
    }
}
