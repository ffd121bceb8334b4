//! Where a queue was looked into last.

use std::cell::Cell;

/// Thousands of small messages are in a queue at a time, and nearly every look is for the one found before or its neighbour: at one place they are sent
/// or come, at another they are acknowledged or read. So two fingers, as positions counted from the first message ever, spare most searches.
#[derive(Debug, Default)]
pub(super) struct Fingers {
    /// The one used last first.
    positions: Cell<[u64; 2]>,
    /// Searches that no finger spared.
    #[cfg(test)]
    pub(super) searches: Cell<usize>,
}

impl Fingers {
    /// The index for which `is_it` holds, at a finger or right after one, or where `search` finds it. `forgotten` messages have left at the front.
    #[inline]
    pub(super) fn find(
        &self,
        forgotten: u64,
        is_it: impl Fn(usize) -> bool,
        search: impl FnOnce() -> Option<usize>,
    ) -> Option<usize> {
        let near = |finger: u64| {
            let index = finger.saturating_sub(forgotten) as usize;
            (index..index + 2).find(|index| is_it(*index))
        };
        let [newer, older] = self.positions.get();
        if let Some(index) = near(newer) {
            self.positions.set([forgotten + index as u64, older]);
            return Some(index);
        }
        let index = near(older).or_else(|| {
            #[cfg(test)]
            self.searches.set(self.searches.get() + 1);
            search()
        })?;
        self.positions.set([forgotten + index as u64, newer]);
        Some(index)
    }
}
