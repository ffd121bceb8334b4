//! The bound on everything that a node holds, or has promised to hold, for its peers.

use std::cell::Cell;
use std::rc::Rc;

/// Bytes that a node may hold, and how many of them are spoken for. Shared by all its associations.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limit_bytes: u64,
    used_bytes: Cell<u64>,
    /// Somebody who would stand still was refused, and waits for memory to become free.
    refused: Cell<bool>,
    /// The same, until [`MemoryBudget::take_refusal`] asks.
    just_refused: Cell<bool>,
    freed: Cell<bool>,
}

impl MemoryBudget {
    /// Growth takes at most this fraction of what is free: the first transfers get all they can use, later ones less.
    const GROWTH_SHARE: u64 = 4;
    /// This fraction of the limit is closed to growth. Credit can not be taken back, so large windows stay reserved while their
    /// associations idle; newcomers still find room for their first credit and their first bytes.
    const NEWCOMERS_SHARE: u64 = 4;

    /// A budget of which nothing is used.
    pub(crate) fn new(limit_bytes: u64) -> Rc<Self> {
        Rc::new(Self {
            limit_bytes,
            used_bytes: Cell::new(0),
            refused: Cell::new(false),
            just_refused: Cell::new(false),
            freed: Cell::new(false),
        })
    }

    /// Bytes reserved now. Above the limit only by what existing streams must have to go on.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_bytes.get()
    }

    /// Whether `bytes` more can be promised to somebody new.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.used_bytes().saturating_add(bytes) <= self.limit_bytes
    }

    /// Whether something that works as it is may take `bytes` more to work better.
    pub(crate) fn may_grow(&self, bytes: u64) -> bool {
        bytes <= self.growth_room()
    }

    /// Whether `bytes` more can be had by somebody who would stand still without them. Half of the newcomers' part stays closed to that too.
    /// After a refusal [`MemoryBudget::take_freed`] tells when it is worth asking again.
    pub(crate) fn may_continue(&self, bytes: u64) -> bool {
        let open = self.limit_bytes - self.limit_bytes / Self::NEWCOMERS_SHARE / 2;
        let allowed = self.used_bytes().saturating_add(bytes) <= open;
        if !allowed {
            self.refused.set(true);
            self.just_refused.set(true);
        }
        allowed
    }

    /// Whether somebody was refused since this was asked: who that was is for the caller to keep.
    pub(crate) fn take_refusal(&self) -> bool {
        self.just_refused.take()
    }

    /// Whether memory became free since somebody was refused; told once.
    pub(crate) fn take_freed(&self) -> bool {
        self.freed.take()
    }

    /// The most that [`MemoryBudget::may_grow`] allows.
    pub(crate) fn growth_room(&self) -> u64 {
        self.growth_room_beside(0)
    }

    /// The same when `bytes` more will be taken that are not reserved.
    pub(crate) fn growth_room_beside(&self, bytes: u64) -> u64 {
        let open_to_growth = self.limit_bytes - self.limit_bytes / Self::NEWCOMERS_SHARE;
        open_to_growth.saturating_sub(self.used_bytes()).saturating_sub(bytes) / Self::GROWTH_SHARE
    }
}

/// A part of a [`MemoryBudget`]; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Rc<MemoryBudget>,
    bytes: u64,
}

impl Reservation {
    /// A part of nothing.
    pub(crate) fn empty(budget: &Rc<MemoryBudget>) -> Self {
        Self { budget: Rc::clone(budget), bytes: 0 }
    }

    /// A part of `bytes`.
    pub(crate) fn of(budget: &Rc<MemoryBudget>, bytes: u64) -> Self {
        let mut part = Self::empty(budget);
        part.set(bytes);
        part
    }

    /// Makes the part `bytes` large, whatever the limit: what is held or promised is held or promised.
    #[inline]
    pub(crate) fn set(&mut self, bytes: u64) {
        if bytes != self.bytes {
            let others = self.budget.used_bytes.get() - self.bytes;
            self.budget.used_bytes.set(others + bytes);
            if bytes < self.bytes && self.budget.refused.take() {
                self.budget.freed.set(true);
            }
            self.bytes = bytes;
        }
    }

    /// How large it is.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Of which it is a part.
    pub(crate) fn budget(&self) -> &Rc<MemoryBudget> {
        &self.budget
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_given_back() {
        let budget = MemoryBudget::new(100);
        let mut one = Reservation::empty(&budget);
        let mut other = Reservation::empty(&budget);
        one.set(30);
        other.set(50);
        one.set(20);
        assert_eq!(budget.used_bytes(), 70);
        drop(other);
        assert_eq!(budget.used_bytes(), 20);
        drop(one);
        assert_eq!(budget.used_bytes(), 0);
    }

    #[test]
    fn who_was_refused_is_told_once_that_memory_became_free() {
        let budget = MemoryBudget::new(1000);
        let mut all = Reservation::of(&budget, 800);
        all.set(790);
        assert!(!budget.take_freed(), "nobody was refused");
        assert!(
            budget.may_continue(85) && !budget.may_continue(86),
            "half of the newcomers' quarter is closed"
        );
        all.set(795);
        assert!(!budget.take_freed());
        all.set(700);
        assert!(budget.take_freed() && !budget.take_freed());
    }

    #[test]
    fn growth_leaves_room_for_newcomers() {
        let budget = MemoryBudget::new(1000);
        let mut all = Reservation::empty(&budget);
        while budget.may_grow(10) {
            all.set(all.bytes() + 10);
        }
        assert!(budget.has_room(250) && !budget.has_room(300));
        all.set(2000);
        assert!(!budget.has_room(1) && !budget.may_grow(1) && budget.may_grow(0));
    }
}
