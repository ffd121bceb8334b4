// Sets are written as lists of ranges here; a list of one is a set too.
#![allow(clippy::single_range_in_vec_init)]

use super::RangeSet;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::ops::Range;

/// The ranges of `values` by definition.
fn ranges_of(values: &BTreeSet<u64>) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for value in values {
        match ranges.last_mut() {
            Some(last) if last.end == *value => last.end += 1,
            _ => ranges.push(*value..*value + 1),
        }
    }
    ranges
}

fn set_of(ranges: &[Range<u64>]) -> RangeSet {
    let mut set = RangeSet::new();
    for range in ranges {
        set.insert(range.clone());
    }
    set
}

fn listed(set: &RangeSet) -> Vec<Range<u64>> {
    set.iter().collect()
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Range<u64>),
    Remove(Range<u64>),
    Pop(u64),
}

fn step() -> impl Strategy<Value = Step> {
    // Half of the ranges are short, so that holes live long enough to be met from both sides.
    let range = (0_u64..120, prop_oneof![0_u64..5, 0_u64..60]).prop_map(|(start, len)| start..start + len);
    prop_oneof![
        20 => range.clone().prop_map(Step::Insert),
        12 => range.prop_map(Step::Remove),
        3 => (0_u64..9).prop_map(Step::Pop),
    ]
}

proptest! {
    #[test]
    fn every_operation_agrees_with_a_set_of_numbers(
        steps in proptest::collection::vec(step(), 1..120),
        probe in 0_u64..190, probe_len in 0_u64..20,
    ) {
        let (mut set, mut model) = (RangeSet::new(), BTreeSet::new());
        for step in steps {
            let before = model.len() as u64;
            match step {
                Step::Insert(range) => {
                    model.extend(range.clone());
                    prop_assert_eq!(set.insert(range), model.len() as u64 - before);
                }
                Step::Remove(range) => {
                    model.retain(|value| !range.contains(value));
                    prop_assert_eq!(set.remove(range), before - model.len() as u64);
                }
                Step::Pop(max_len) => {
                    let expected = ranges_of(&model).first().filter(|_| max_len > 0).map(|first| {
                        first.start..first.end.min(first.start + max_len)
                    });
                    let popped = set.pop_front_up_to(max_len);
                    prop_assert_eq!(&popped, &expected);
                    model.retain(|value| !popped.clone().is_some_and(|range| range.contains(value)));
                }
            }
            let expected = ranges_of(&model);
            prop_assert_eq!(listed(&set), expected.clone());
            prop_assert_eq!(set.iter_rev().collect::<Vec<_>>(), expected.iter().rev().cloned().collect::<Vec<_>>());
            prop_assert_eq!((set.len(), set.is_empty()), (expected.len(), expected.is_empty()));
            prop_assert_eq!((set.first(), set.last()), (expected.first().cloned(), expected.last().cloned()));
            prop_assert_eq!(set.contains(probe), model.contains(&probe));
            let covered = (probe..probe + probe_len).all(|value| model.contains(&value));
            prop_assert_eq!(set.covers(probe..probe + probe_len), covered);
        }
    }
}

#[test]
fn touching_ranges_are_one() {
    assert_eq!(listed(&set_of(&[0..5, 10..15, 5..10])), [0..15]);
    assert_eq!(listed(&set_of(&[10..15, 0..5, 5..10])), [0..15]);
    assert_eq!(listed(&set_of(&[0..5, 5..10])), [0..10]);
    assert_eq!(listed(&set_of(&[5..10, 0..5])), [0..10]);
}

#[test]
fn one_range_swallows_many() {
    let mut set = set_of(&[0..1, 10..11, 20..21, 30..31]);
    assert_eq!(set.insert(5..25), 18);
    assert_eq!(listed(&set), [0..1, 5..25, 30..31]);
}

#[test]
fn a_hole_in_the_middle_splits_a_range() {
    let mut set = set_of(&[0..10, 20..30]);
    assert_eq!(set.remove(4..6), 2);
    assert_eq!(listed(&set), [0..4, 6..10, 20..30]);
}

#[test]
fn empty_and_reversed_ranges_are_nothing() {
    let mut set = set_of(&[10..20]);
    let reversed = Range { start: 15, end: 12 };
    assert_eq!((set.insert(5..5), set.insert(reversed.clone())), (0, 0));
    assert_eq!((set.remove(15..15), set.remove(reversed.clone())), (0, 0));
    assert!(set.covers(5..5) && set.covers(reversed));
    assert_eq!(listed(&set), [10..20]);
}

#[test]
fn the_whole_of_u64_fits_without_overflow() {
    let mut set = set_of(&[0..1, u64::MAX - 1..u64::MAX]);
    assert_eq!(set.insert(0..u64::MAX), u64::MAX - 2);
    assert_eq!(set.pop_front_up_to(u64::MAX), Some(0..u64::MAX));
    assert!(set.is_empty());
}
