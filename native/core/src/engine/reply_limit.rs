//! How often what answers a handshake of this node reaches the layer above: messages 2 and 3, and apart from them cookies and hints.
//!
//! A cookie or a hint costs its reader a decryption, and anybody on the way can make one. Each message costs its reader mathematics before it shows whether it is authentic, and every member of the network can make one whose mac1 is right. So what
//! is bounded is the rate, never the number: an honest end sends again, later, and finds room.

use crate::time::Instant;
use crate::token_bucket::{Rate, TokenBucket};

/// To one index: a hundred forged messages leave room for the honest one behind them, and for its repetition what a hundred more take a second.
const ONE_HANDSHAKE: Rate = Rate { burst: 128, per_second: 64 };
/// To all indices together, after the first at each: about a tenth of what one core can read, so that one index takes half of it at most. The first is
/// counted nowhere: there are no more of these than this node has asked for, and a flood elsewhere takes nothing from them.
const ALL_HANDSHAKES: Rate = Rate { burst: 256, per_second: 256 };

/// What came to one reserved index.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Replies {
    bucket: Option<TokenBucket>,
}

/// What came to all of them.
#[derive(Debug, Default)]
pub(super) struct ReplyLimit {
    bucket: Option<TokenBucket>,
}

impl ReplyLimit {
    /// Whether one more message to the index of `replies` crosses; counts it when so.
    pub(super) fn admit(&mut self, now: Instant, replies: &mut Replies) -> bool {
        let Some(own) = &mut replies.bucket else {
            let mut bucket = TokenBucket::full(now, ONE_HANDSHAKE);
            bucket.take(now, ONE_HANDSHAKE);
            replies.bucket = Some(bucket);
            return true;
        };
        let all = self.bucket.get_or_insert_with(|| TokenBucket::full(now, ALL_HANDSHAKES));
        // Its own first: an index that has spent it takes nothing from the others.
        own.has_one(now, ONE_HANDSHAKE) && all.take(now, ALL_HANDSHAKES) && own.take(now, ONE_HANDSHAKE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first wait of a retrying end at its shortest: 250 ms less 20 %.
    const RETRY_MICROS: u64 = 200_000;

    fn admitted(limit: &mut ReplyLimit, now: Instant, replies: &mut Replies) -> u64 {
        (0..1_000).map(|_| u64::from(limit.admit(now, replies))).sum()
    }

    #[test]
    fn an_honest_message_finds_room_at_an_index_that_was_flooded_a_retry_before() {
        let (mut limit, mut replies, start) =
            (ReplyLimit::default(), Replies::default(), Instant::from_micros(9));
        assert_eq!(admitted(&mut limit, start, &mut replies), ONE_HANDSHAKE.burst);
        assert!(limit.admit(start.plus_micros(RETRY_MICROS), &mut replies));
    }

    #[test]
    fn a_flooded_index_takes_nothing_from_others() {
        let (mut limit, mut replies, now) =
            (ReplyLimit::default(), Replies::default(), Instant::from_micros(9));
        for _ in 0..10 {
            admitted(&mut limit, now, &mut replies);
        }
        assert_eq!(admitted(&mut limit, now, &mut Replies::default()), ONE_HANDSHAKE.burst);
    }

    #[test]
    fn a_flood_of_all_indices_is_bounded_as_a_whole_but_for_the_first_message_at_each() {
        let (mut limit, now) = (ReplyLimit::default(), Instant::from_micros(9));
        let mut handshakes = [Replies::default(); 500];
        let crossed: u64 = handshakes.iter_mut().map(|replies| admitted(&mut limit, now, replies)).sum();
        assert_eq!(crossed, 500 + ALL_HANDSHAKES.burst);
        assert!(limit.admit(now, &mut Replies::default()));
    }
}
