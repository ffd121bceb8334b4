//! Values behind u32 handles that tell a stale handle from a live one.

/// A table of values under handles `generation << SLOT_BITS | slot`.
///
/// A slot's generation changes when its value leaves, so the old handle finds nothing. Free slots are used again in the
/// order that they became free, which keeps a stale handle stale for as long as possible: a slot's generation returns after
/// `2^(32 - SLOT_BITS)` uses of that slot.
pub(crate) struct Slab<T, const SLOT_BITS: u32> {
    slots: Vec<Slot<T>>,
    /// First of the free slots, in the order that they became free; [`NO_SLOT`] when there is none.
    oldest_free: u32,
    newest_free: u32,
    occupied: usize,
}

const NO_SLOT: u32 = u32::MAX;

struct Slot<T> {
    generation: u32,
    content: Content<T>,
}

enum Content<T> {
    /// Boxed: a slot that is free, or that the table has grown ahead for, takes no more than its place in the list.
    Occupied(Box<T>),
    Free {
        next_free: u32,
    },
}

impl<T, const SLOT_BITS: u32> Slab<T, SLOT_BITS> {
    /// Most values at once. The slot of all ones stays unused, so that `u32::MAX` is no value's handle.
    pub(crate) const CAPACITY: usize = (1 << SLOT_BITS) - 1;

    const GENERATION_MASK: u32 = u32::MAX >> SLOT_BITS;

    /// An empty table; allocates nothing.
    pub(crate) const fn new() -> Self {
        const { assert!(SLOT_BITS > 0 && SLOT_BITS < u32::BITS) };
        Self { slots: Vec::new(), oldest_free: NO_SLOT, newest_free: NO_SLOT, occupied: 0 }
    }

    /// Keeps `value`; returns its handle.
    ///
    /// # Errors
    /// Gives `value` back when [`Slab::CAPACITY`] values are kept.
    pub(crate) fn insert(&mut self, value: T) -> Result<u32, T> {
        if let Some(slot) = self.take_free() {
            let entry = &mut self.slots[slot as usize];
            entry.content = Content::Occupied(Box::new(value));
            self.occupied += 1;
            return Ok(entry.generation << SLOT_BITS | slot);
        }
        if self.slots.len() == Self::CAPACITY {
            return Err(value);
        }
        let slot = self.slots.len() as u32;
        self.slots.push(Slot { generation: 0, content: Content::Occupied(Box::new(value)) });
        self.occupied += 1;
        Ok(slot)
    }

    /// The value under `handle`; None when it left or never was.
    pub(crate) fn get(&self, handle: u32) -> Option<&T> {
        let slot = self.slots.get(Self::slot_of(handle))?;
        match &slot.content {
            Content::Occupied(value) if slot.generation == handle >> SLOT_BITS => Some(value),
            _ => None,
        }
    }

    /// The value under `handle`; None when it left or never was.
    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        let slot = self.slots.get_mut(Self::slot_of(handle))?;
        match &mut slot.content {
            Content::Occupied(value) if slot.generation == handle >> SLOT_BITS => Some(value),
            _ => None,
        }
    }

    /// Takes the value under `handle` out; the handle is stale from now on.
    pub(crate) fn remove(&mut self, handle: u32) -> Option<T> {
        self.get(handle)?;
        let index = Self::slot_of(handle);
        let slot = &mut self.slots[index];
        let content = std::mem::replace(&mut slot.content, Content::Free { next_free: NO_SLOT });
        slot.generation = (slot.generation + 1) & Self::GENERATION_MASK;
        self.occupied -= 1;
        self.give_free(index as u32);
        match content {
            Content::Occupied(value) => Some(*value),
            Content::Free { .. } => None,
        }
    }

    /// Handles and values, in the order of slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.slots.iter().zip(0_u32..).filter_map(|(slot, index)| match &slot.content {
            Content::Occupied(value) => Some((slot.generation << SLOT_BITS | index, &**value)),
            Content::Free { .. } => None,
        })
    }

    /// Handles and values, in the order of slots.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        self.slots.iter_mut().zip(0_u32..).filter_map(|(slot, index)| match &mut slot.content {
            Content::Occupied(value) => Some((slot.generation << SLOT_BITS | index, &mut **value)),
            Content::Free { .. } => None,
        })
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.occupied
    }

    fn slot_of(handle: u32) -> usize {
        (handle & !(u32::MAX << SLOT_BITS)) as usize
    }

    fn take_free(&mut self) -> Option<u32> {
        let slot = self.oldest_free;
        match self.slots.get(slot as usize)?.content {
            Content::Free { next_free } => self.oldest_free = next_free,
            Content::Occupied(_) => return None,
        }
        if self.oldest_free == NO_SLOT {
            self.newest_free = NO_SLOT;
        }
        Some(slot)
    }

    fn give_free(&mut self, slot: u32) {
        match self.slots.get_mut(self.newest_free as usize) {
            Some(newest) => newest.content = Content::Free { next_free: slot },
            None => self.oldest_free = slot,
        }
        self.newest_free = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    type Small = Slab<u64, 3>;

    #[test]
    fn a_stale_handle_finds_nothing() {
        let mut slab = Small::new();
        let old = slab.insert(1).unwrap();
        assert_eq!(slab.remove(old), Some(1));
        let new = slab.insert(2).unwrap();
        assert_ne!(old, new);
        assert_eq!(slab.get(old), None);
        assert_eq!(slab.get_mut(old), None);
        assert_eq!(slab.remove(old), None);
        assert_eq!((slab.get(new), slab.len()), (Some(&2), 1));
    }

    #[test]
    fn free_slots_are_used_again_oldest_first() {
        let mut slab = Small::new();
        let handles: Vec<u32> = (0..5).map(|value| slab.insert(value).unwrap()).collect();
        for slot in [3, 0, 4] {
            slab.remove(handles[slot]);
        }
        let reused: Vec<u32> = (0..4).map(|value| slab.insert(value).unwrap() & 7).collect();
        assert_eq!(reused, [3, 0, 4, 5]);
    }

    #[test]
    fn a_full_table_gives_the_value_back_and_recovers() {
        let mut slab = Small::new();
        let handles: Vec<u32> = (0..7).map(|value| slab.insert(value).unwrap()).collect();
        assert_eq!(slab.insert(99), Err(99));
        slab.remove(handles[6]);
        assert!(slab.insert(99).is_ok());
    }

    #[test]
    fn no_value_ever_has_the_handle_of_nothing() {
        let mut slab = Slab::<(), 30>::new();
        for _ in 0..10 {
            let handle = slab.insert(()).unwrap();
            assert_ne!(handle, u32::MAX);
            slab.remove(handle);
        }
        let mut full = Slab::<(), 1>::new();
        assert_eq!(full.insert(()), Ok(0));
        assert_eq!(full.insert(()), Err(()));
        assert_eq!(full.get(u32::MAX), None);
    }

    #[test]
    fn generations_come_round_without_overflow() {
        let mut slab = Slab::<u32, 30>::new();
        let handles: Vec<u32> = (0..9)
            .map(|value| {
                let handle = slab.insert(value).unwrap();
                slab.remove(handle);
                handle >> 30
            })
            .collect();
        assert_eq!(handles, [0, 1, 2, 3, 0, 1, 2, 3, 0]);
    }

    proptest! {
        #[test]
        fn the_table_agrees_with_a_map(steps in proptest::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..200)) {
            let (mut slab, mut model, mut gone) = (Small::new(), HashMap::new(), Vec::new());
            for (number, (insert, which)) in (0_u64..).zip(steps) {
                if insert {
                    match slab.insert(number) {
                        Ok(handle) => prop_assert_eq!(model.insert(handle, number), None),
                        Err(value) => prop_assert_eq!((value, model.len()), (number, Small::CAPACITY)),
                    }
                } else if !model.is_empty() {
                    let mut handles: Vec<u32> = model.keys().copied().collect();
                    handles.sort_unstable();
                    let handle = handles[which.index(handles.len())];
                    prop_assert_eq!(slab.remove(handle), model.remove(&handle));
                    gone.push(handle);
                }
                prop_assert_eq!(slab.len(), model.len());
                prop_assert_eq!(slab.iter().map(|(handle, value)| (handle, *value)).collect::<HashMap<_, _>>(), model.clone());
                prop_assert_eq!(slab.iter_mut().count(), model.len());
                for handle in &gone {
                    prop_assert_eq!(slab.get(*handle).copied(), model.get(handle).copied());
                }
            }
        }
    }
}
