//! Streams that have something to send, in the order that it is their turn.

/// Levels of priority: 0 goes first.
const LEVELS: usize = 8;
const NONE: u32 = u32::MAX;
const SLOT_MASK: u32 = 0xffff;

/// A set of stream handles on 8 strict levels, in turn within a level. Every operation takes constant time: the turns are doubly
/// linked lists through one array indexed by slot.
#[derive(Debug)]
pub(crate) struct ReadySet {
    links: Vec<Link>,
    levels: [Level; LEVELS],
    /// Bit `n`: level `n` is not empty.
    occupied: u8,
    members: usize,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    /// The member in this slot, or [`NONE`].
    handle: u32,
    level: u8,
    next: u32,
    previous: u32,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    first: u32,
    last: u32,
    /// What the first member has used of its turn.
    used: u32,
}

impl ReadySet {
    /// The empty set.
    pub(crate) const fn new() -> Self {
        let levels = [Level { first: NONE, last: NONE, used: 0 }; LEVELS];
        Self { links: Vec::new(), levels, occupied: 0, members: 0 }
    }

    /// Whether nobody waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    /// How many wait.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.members
    }

    /// Whose turn it is, and its level.
    #[inline]
    pub(crate) fn first(&self) -> Option<(u32, u8)> {
        if self.occupied == 0 {
            return None;
        }
        let level = self.occupied.trailing_zeros() as u8;
        let slot = self.levels[usize::from(level)].first;
        Some((self.links[slot as usize].handle, level))
    }

    /// Whether `handle` is a member.
    #[inline]
    pub(crate) fn contains(&self, handle: u32) -> bool {
        self.links.get((handle & SLOT_MASK) as usize).is_some_and(|link| link.handle == handle)
    }

    /// Makes `handle` the last of `level` (7 when above), or does nothing when it is a member. A stale handle of its slot leaves.
    pub(crate) fn insert(&mut self, handle: u32, level: u8) {
        if self.contains(handle) {
            return;
        }
        let slot = handle & SLOT_MASK;
        if self.links.len() <= slot as usize {
            let free = Link { handle: NONE, level: 0, next: NONE, previous: NONE };
            self.links.resize(slot as usize + 1, free);
        }
        if self.links[slot as usize].handle != NONE {
            self.unlink(slot);
            self.members -= 1;
        }
        let level = level.min(LEVELS as u8 - 1);
        self.links[slot as usize].handle = handle;
        self.links[slot as usize].level = level;
        self.members += 1;
        self.link_last(slot);
    }

    /// Takes `handle` out, if it is a member.
    pub(crate) fn remove(&mut self, handle: u32) {
        if self.contains(handle) {
            let slot = handle & SLOT_MASK;
            self.unlink(slot);
            self.members -= 1;
            self.links[slot as usize].handle = NONE;
        }
    }

    /// `handle` has sent `bytes`: if it is its turn, that ends when it has sent `turn_bytes` since it began.
    #[inline]
    pub(crate) fn charge(&mut self, handle: u32, bytes: u32, turn_bytes: u32) {
        let slot = handle & SLOT_MASK;
        let Some(link) = self.links.get(slot as usize) else { return };
        let list = &mut self.levels[usize::from(link.level)];
        if link.handle != handle || list.first != slot {
            return;
        }
        list.used = list.used.saturating_add(bytes);
        if list.used >= turn_bytes {
            list.used = 0;
            if slot != list.last {
                self.unlink(slot);
                self.link_last(slot);
            }
        }
    }

    fn link_last(&mut self, slot: u32) {
        let level = self.links[slot as usize].level;
        let list = &mut self.levels[usize::from(level)];
        let previous = list.last;
        list.last = slot;
        if previous == NONE {
            list.first = slot;
            list.used = 0;
            self.occupied |= 1 << level;
        } else {
            self.links[previous as usize].next = slot;
        }
        self.links[slot as usize].previous = previous;
        self.links[slot as usize].next = NONE;
    }

    fn unlink(&mut self, slot: u32) {
        let Link { level, next, previous, .. } = self.links[slot as usize];
        let list = &mut self.levels[usize::from(level)];
        if previous == NONE {
            list.first = next;
            list.used = 0;
        } else {
            self.links[previous as usize].next = next;
        }
        if next == NONE {
            list.last = previous;
        } else {
            self.links[next as usize].previous = previous;
        }
        if list.first == NONE {
            self.occupied &= !(1 << level);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[test]
    fn a_lower_level_waits_for_every_higher_one() {
        let mut set = ReadySet::new();
        set.insert(7, 5);
        set.insert(8, 0);
        set.insert(9, 9);
        assert_eq!(set.first(), Some((8, 0)));
        set.remove(8);
        assert_eq!(set.first(), Some((7, 5)));
        set.remove(7);
        assert_eq!(set.first(), Some((9, 7)));
    }

    #[test]
    fn equals_take_turns_of_equal_size() {
        let mut set = ReadySet::new();
        for handle in 0..3 {
            set.insert(handle, 3);
        }
        let mut sent = [0; 3];
        for _ in 0..9 {
            let (handle, _) = set.first().unwrap();
            sent[handle as usize] += 1;
            set.charge((handle + 1) % 3, 1000, 100);
            set.charge(handle, 50, 100);
        }
        assert_eq!(sent, [4, 3, 2]);
    }

    #[test]
    fn a_stale_handle_of_a_slot_moves_nobody() {
        let mut set = ReadySet::new();
        let (old, new) = (1 << 16 | 4, 2 << 16 | 4);
        set.insert(new, 0);
        set.remove(old);
        assert!(set.contains(new) && !set.contains(old));
    }

    proptest! {
        #[test]
        fn the_set_agrees_with_eight_queues_whose_slots_are_used_again(
            steps in proptest::collection::vec((0_u8..4, (0_u32..3, 0_u32..6), 0_u8..8), 0..200)
        ) {
            let mut set = ReadySet::new();
            let mut model: [VecDeque<u32>; 8] = Default::default();
            for (operation, (generation, slot), level) in steps {
                let handle = generation << 16 | slot;
                let member = model.iter().any(|queue| queue.contains(&handle));
                match operation {
                    0 | 1 => {
                        set.insert(handle, level);
                        if !member {
                            model.iter_mut().for_each(|queue| queue.retain(|other| other & SLOT_MASK != slot));
                            model[usize::from(level)].push_back(handle);
                        }
                    }
                    2 => {
                        set.remove(handle);
                        model.iter_mut().for_each(|queue| queue.retain(|other| *other != handle));
                    }
                    _ => {
                        set.charge(handle, 1, 1);
                        let turn = model.iter_mut().find(|queue| queue.front() == Some(&handle));
                        turn.into_iter().for_each(|queue| queue.rotate_left(1));
                    }
                }
                let first = (0_u8..8).find_map(|level| model[usize::from(level)].front().map(|handle| (*handle, level)));
                prop_assert_eq!(set.first(), first);
                prop_assert_eq!(set.is_empty(), first.is_none());
                prop_assert_eq!(set.len(), model.iter().map(VecDeque::len).sum::<usize>());
            }
        }
    }
}
