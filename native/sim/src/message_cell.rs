//! The cells of the campaign of messages and datagrams: one per seed, and each fate in it is known, counted once, and true.

use crate::campaign::link_of;
use crate::message_course::{message, token_of, MessageCourse};
use osier_core::{EngineConfig, Instant, MessageFate, MessageOptions, MessageStats, SendOutcome, StreamKind};
use std::collections::BTreeSet;

/// Virtual time within which everything is sent, and then everything is settled.
const PATIENCE_MICROS: u64 = 600_000_000;
/// Virtual time in which all that is under way when a stream is given up has come or never will.
const AFTERMATH_MICROS: u64 = 10_000_000;

/// Whether the sender of a seed's cell resets its stream in the middle: a quarter of all do, over every link of the campaign.
pub fn gives_up(seed: u64) -> bool {
    seed / 16 % 4 == 3
}

/// Sends `count` messages over the cell of `seed`, some unordered, some with lifetimes from less than a trip to many. Returns what the sender's
/// engine counts in the end: sent = delivered + expired + unknown, as it told and as the receiver saw. The error names the seed, which repeats the run.
pub fn run_message_cell(seed: u64, kind: StreamKind, count: u32) -> Result<MessageStats, String> {
    run(seed, kind, count).map_err(|failure| format!("seed {seed}: {failure}"))
}

type Sent = Vec<(Vec<u8>, MessageOptions)>;

fn run(seed: u64, kind: StreamKind, count: u32) -> Result<MessageStats, String> {
    let mut course = MessageCourse::new(seed, &EngineConfig::default(), &link_of(seed));
    let stream = course.open(kind, 3)?;
    let gives_up = gives_up(seed);
    let count = if gives_up { 1 + course.net.rng.below(u64::from(count)) as usize } else { count as usize };
    let sent = send_all(&mut course, stream, link_of(seed).delay_micros, count)?;
    let stats = if gives_up {
        course.reset(stream)?;
        let stats = course.stats(stream)?;
        course.run(after(&course, AFTERMATH_MICROS), |_| false)?;
        stats
    } else {
        course.finish(stream)?;
        let all = |course: &MessageCourse| course.ended == 1 && course.fates.len() == count;
        course.run(after(&course, PATIENCE_MICROS), all)?;
        course.stats(stream)?
    };
    check_counts(&course, &stats, count as u64, gives_up)?;
    check_received(&course, &sent, kind, gives_up)?;
    Ok(stats)
}

fn after(course: &MessageCourse, micros: u64) -> Instant {
    course.net.now().plus_micros(micros)
}

/// Sends until `count` messages are accepted, with pauses of up to half a trip.
fn send_all(
    course: &mut MessageCourse,
    stream: u32,
    delay_micros: u64,
    count: usize,
) -> Result<Sent, String> {
    let deadline = after(course, PATIENCE_MICROS);
    let mut sent = Vec::new();
    while sent.len() < count {
        let token = sent.len() as u32;
        let longest = [100, 2_000, 40_000][course.net.rng.below(3) as usize];
        let bytes = message(token, course.net.rng.below(longest));
        let lifetime = 1_000 + course.net.rng.below(4 * delay_micros);
        let options = MessageOptions {
            unordered: course.net.rng.chance(0.5),
            token: Some(token),
            lifetime_micros: course.net.rng.chance(0.6).then_some(lifetime),
        };
        if course.send(stream, &bytes, &options)? == SendOutcome::Accepted {
            sent.push((bytes, options));
        }
        let pause = course.net.rng.below(delay_micros / 2);
        course.run(after(course, pause), |_| false)?;
        if course.net.now() > deadline {
            return Err(format!("room for {} of {count} messages in {PATIENCE_MICROS} us", sent.len()));
        }
    }
    Ok(sent)
}

/// What the sender counts adds up, and is what it told.
fn check_counts(
    course: &MessageCourse,
    stats: &MessageStats,
    count: u64,
    gives_up: bool,
) -> Result<(), String> {
    let told = |fate| course.fates.values().filter(|told| **told == fate).count() as u64;
    let (delivered, expired) = (told(MessageFate::Delivered), told(MessageFate::Expired));
    let adds_up = stats.delivered + stats.expired + stats.unknown == count && stats.sent == count;
    if !adds_up || (stats.delivered, stats.expired) != (delivered, expired) {
        return Err(format!("{count} sent, told {delivered} delivered, {expired} expired: {stats:?}"));
    }
    if !gives_up && (stats.unknown != 0 || course.ended != 1) {
        return Err(format!("finished, and {} ends were read: {stats:?}", course.ended));
    }
    Ok(())
}

/// What the receiver read is what was sent, once each, and agrees with the fates that the sender was told.
fn check_received(
    course: &MessageCourse,
    sent: &Sent,
    kind: StreamKind,
    gives_up: bool,
) -> Result<(), String> {
    let (mut unique, mut last_ordered) = (BTreeSet::new(), None);
    for (_, bytes) in &course.received[0] {
        let token =
            token_of(bytes).filter(|token| sent.get(*token as usize).is_some_and(|it| it.0 == *bytes));
        let token = token.ok_or_else(|| format!("read {} bytes that nobody sent", bytes.len()))?;
        if !unique.insert(token) {
            return Err(format!("message {token} was read twice"));
        }
        if is_ordered(sent, kind, token) && last_ordered.replace(token) > Some(token) {
            return Err(format!("message {token} was read after an ordered one that follows it"));
        }
    }
    for (token, fate) in &course.fates {
        let was_read = unique.contains(token);
        // A reset takes with it what the peer had whole but its application could not see: what waited for an earlier message, or for OPEN.
        let may_be_unseen = gives_up && (is_ordered(sent, kind, *token) || unique.is_empty());
        let holds = match fate {
            MessageFate::Delivered => was_read || may_be_unseen,
            // What a datagram is presumed may be wrong.
            MessageFate::Expired => !was_read || kind == StreamKind::Datagrams,
        };
        if !holds {
            return Err(format!("message {token} is {fate:?}, but was read: {was_read}"));
        }
    }
    Ok(())
}

fn is_ordered(sent: &Sent, kind: StreamKind, token: u32) -> bool {
    kind == StreamKind::Messages && sent.get(token as usize).is_some_and(|(_, options)| !options.unordered)
}
