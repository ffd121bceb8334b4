//! Which packet numbers were already received: an anti-replay window in a ring of words, after RFC 6479.

/// Words of the ring. A power of two, so that the place of a word is a mask.
const WORDS: u64 = 256;
const WORD_BITS: u64 = u64::BITS as u64;

/// The packet number was received before, or is so old that nobody can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Replayed;

/// A sliding window over received packet numbers.
///
/// Numbers at or below `newest - SPAN` are refused, newer ones are refused once committed. Only authenticated numbers are
/// committed, so nothing that a stranger sends moves the window.
pub(crate) struct ReplayWindow {
    /// The highest number committed.
    newest: Option<u64>,
    /// Bit `n % 64` of word `n / 64 % WORDS` says that `n` was committed, for the `WORDS` words that end with the newest's.
    seen: Box<[u64; WORDS as usize]>,
}

impl ReplayWindow {
    /// Numbers behind and including the newest that are told apart: 16,320, enough for 15 ms of reordering at a million
    /// packets a second. One word less than the ring holds, because the newest's word is filled only in part.
    pub(crate) const SPAN: u64 = (WORDS - 1) * WORD_BITS;

    /// A window that has seen nothing.
    pub(crate) fn new() -> Self {
        Self { newest: None, seen: Box::new([0; WORDS as usize]) }
    }

    /// Whether `number` may be new. Call it before authentication; it changes nothing.
    ///
    /// # Errors
    /// [`Replayed`] when `number` was committed before or is older than the window.
    pub(crate) fn check(&self, number: u64) -> Result<(), Replayed> {
        match self.newest {
            Some(newest) if number > newest => Ok(()),
            Some(newest) if newest - number >= Self::SPAN => Err(Replayed),
            Some(_) if self.seen[slot(number)] & bit(number) != 0 => Err(Replayed),
            _ => Ok(()),
        }
    }

    /// Whether `number` is higher than all that were committed.
    pub(crate) fn is_newest(&self, number: u64) -> bool {
        self.newest.is_none_or(|newest| number > newest)
    }

    /// Records `number` as received. Call it after authentication. A number older than the window changes nothing.
    pub(crate) fn commit(&mut self, number: u64) {
        match self.newest {
            Some(newest) if number > newest => {
                self.clear_passed(newest, number);
                self.newest = Some(number);
            }
            Some(newest) if newest - number >= Self::SPAN => return,
            Some(_) => {}
            None => self.newest = Some(number),
        }
        self.seen[slot(number)] |= bit(number);
    }

    /// Clears the words after the one of `from`, up to and including the one of `to`: each at most once.
    fn clear_passed(&mut self, from: u64, to: u64) {
        let first = from / WORD_BITS + 1;
        let passed = (to / WORD_BITS + 1 - first).min(WORDS);
        for word in first..first + passed {
            self.seen[(word % WORDS) as usize] = 0;
        }
    }
}

fn slot(number: u64) -> usize {
    (number / WORD_BITS % WORDS) as usize
}

fn bit(number: u64) -> u64 {
    1 << (number % WORD_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const LARGEST_NUMBER: u64 = (1 << 62) - 1;

    /// The window by its definition: every number ever committed.
    #[derive(Default)]
    struct Model {
        seen: HashSet<u64>,
        newest: Option<u64>,
    }

    impl Model {
        fn check(&self, number: u64) -> Result<(), Replayed> {
            let too_old =
                self.newest.is_some_and(|newest| newest >= number && newest - number >= ReplayWindow::SPAN);
            if too_old || self.seen.contains(&number) {
                Err(Replayed)
            } else {
                Ok(())
            }
        }

        fn commit(&mut self, number: u64) {
            self.seen.insert(number);
            self.newest = self.newest.max(Some(number));
        }
    }

    fn window_of(numbers: &[u64]) -> ReplayWindow {
        let mut window = ReplayWindow::new();
        for number in numbers {
            window.commit(*number);
        }
        window
    }

    #[test]
    fn the_window_spans_what_the_protocol_promises() {
        const { assert!(ReplayWindow::SPAN >= 8192) };
    }

    #[test]
    fn every_number_is_accepted_once_in_whatever_order_it_comes() {
        let span = ReplayWindow::SPAN;
        let shuffled = |pass: u64| {
            (0..8).flat_map(move |block| (0..span).rev().map(move |n| block * span + (n ^ pass) % span))
        };
        let mut window = ReplayWindow::new();
        for number in shuffled(0) {
            assert_eq!(window.check(number), Ok(()), "{number}");
            window.commit(number);
        }
        for number in shuffled(0x155) {
            assert_eq!(window.check(number), Err(Replayed), "{number}");
        }
    }

    #[test]
    fn jumps_of_any_size_clear_what_they_pass_and_lock_nothing() {
        let span = ReplayWindow::SPAN;
        let ring = WORDS * WORD_BITS;
        for jump in
            [1, 63, 64, 65, span - 1, span, span + 1, ring - 1, ring, ring + 1, 65_536, LARGEST_NUMBER]
        {
            let start = if jump == LARGEST_NUMBER { 0 } else { 1_000 };
            let mut window = window_of(&[start]);
            let target = start + jump;
            assert_eq!(window.check(target), Ok(()), "jump {jump}");
            window.commit(target);
            let oldest = (target + 1).saturating_sub(span);
            for number in oldest..=target {
                let expected = if number == start || number == target { Err(Replayed) } else { Ok(()) };
                assert_eq!(window.check(number), expected, "number {number} after a jump of {jump}");
            }
            if oldest > 0 {
                assert_eq!(
                    window.check(oldest - 1),
                    Err(Replayed),
                    "below the window after a jump of {jump}"
                );
            }
            assert_eq!(window.check(target + 1), Ok(()), "jump {jump} locked the window");
        }
    }

    #[test]
    fn an_old_number_committed_by_mistake_marks_no_other() {
        let ring = WORDS * WORD_BITS;
        let mut window = window_of(&[2 * ring]);
        window.commit(ring + 5);
        assert_eq!(window.check(ring + 5), Err(Replayed));
        window.commit(2 * ring + 6);
        assert_eq!(window.check(2 * ring + 5), Ok(()), "the old number took the place of a new one");
    }

    #[test]
    fn the_largest_u64_ends_the_window_without_overflow() {
        let mut window = window_of(&[7]);
        window.commit(u64::MAX);
        assert_eq!(window.check(u64::MAX), Err(Replayed));
        assert_eq!(window.check(u64::MAX - 1), Ok(()));
        assert_eq!(window.check(7), Err(Replayed));
    }

    /// Steps that meet every border: near the newest, around the window's end, far ahead.
    fn step() -> impl Strategy<Value = (bool, u64)> {
        let span = ReplayWindow::SPAN;
        let distance = prop_oneof![
            8 => 0_u64..200,
            2 => span - 70..span + 70,
            2 => WORDS * WORD_BITS - 70..WORDS * WORD_BITS + 70,
            1 => Just(65_536),
            1 => 0_u64..(1 << 58),
        ];
        (any::<bool>(), distance)
    }

    proptest! {
        #[test]
        fn the_window_agrees_with_a_set_of_all_numbers(steps in proptest::collection::vec(step(), 1..300)) {
            let (mut window, mut model) = (ReplayWindow::new(), Model::default());
            for (ahead, distance) in steps {
                let newest = model.newest.unwrap_or(0);
                let number = if ahead { (newest + distance).min(LARGEST_NUMBER) } else { newest.saturating_sub(distance) };
                let expected = model.check(number);
                prop_assert_eq!(window.check(number), expected, "number {} with newest {}", number, newest);
                if expected.is_ok() {
                    window.commit(number);
                    model.commit(number);
                }
            }
        }
    }
}
