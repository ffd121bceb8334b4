/** Times and bounds of the handshake that each end may choose for itself. */

/** Wait after the first message 1: well above a usual round trip, short for a person. */
export const RETRY_FIRST_MS = 250;
/** Each further wait is longer by this factor, */
export const RETRY_FACTOR = 1.5;
/** but never longer than this: a peer that comes back is found within seconds, however long it was away. */
export const RETRY_MAX_MS = 5_000;
/** Every wait is drawn from its length +- this share, so that clients of a restarted server do not come in step. */
export const RETRY_JITTER = 0.2;

/** How many of its own last message 1s an initiator takes an answer to: with the first waits, answers up to 0.6 s late. */
export const ATTEMPTS_KEPT = 3;

/** How long an asker puts a cookie into its message 1s: what a responder promises at least. */
export const COOKIE_KEPT_MS = 120_000;

/** Message 1s of one identity that are answered at once, before {@link ANSWERS_PER_SECOND} holds. */
export const ANSWERS_BURST = 8;
/** A retrying initiator sends 4 a second at most; two of its attempts may overlap. */
export const ANSWERS_PER_SECOND = 8;
/** Answers to message 1s that are not newer than what was confirmed: replays, or a clock that went back. */
export const STALE_ANSWERS_PER_SECOND = 1;

/** How long an answer is kept for repetitions of what it answers: less than the engine keeps an unconfirmed session, which is 15 s. */
export const UNCONFIRMED_MS = 10_000;
/** Answers kept, for all identities together; about 1 KiB each. The oldest is forgotten first. */
export const UNCONFIRMED_MAX = 1_024;
/** Identities whose last timestamp is remembered; about 200 bytes each. The longest silent is forgotten first. */
export const IDENTITIES_REMEMBERED = 16_384;

/** Milliseconds that a node reads message 1s of a burst on its own thread before it has others do it: about five of them, which no thread would do sooner, */
export const READING_HERE_BURST_MS = 1;
/** and milliseconds of each second: about five hundred of them. Time, not a number, so that a slow or busy machine has threads sooner. */
export const READING_HERE_MS_PER_SECOND = 100;
/** The same where a thread would have no core of its own, and handing a message over costs as much again as half of reading it: no loop waits longer, */
export const READING_ALONE_BURST_MS = 10;
/** and half of the time is left to what else the node does. */
export const READING_ALONE_MS_PER_SECOND = 500;
/** A message 1 is a lone one when none was read here for so long: no thread would be sooner with it. */
export const LONE_AFTER_MS = 1;
/**
 * Milliseconds of the time to come that lone ones are read here in advance: what the first ones take, whose code is not compiled yet, and which would begin
 * threads for nothing.
 */
export const LONE_OVERDRAFT_MS = 50;
/** Message 1s that wait for a thread, about 1 KiB each: half a second's work for one. */
export const FIRST_MESSAGES_WAITING_MAX = 1_024;
/** Threads in a row that end with what they were to read, before the node reads all by itself. */
export const THREAD_FAILURES_MAX = 3;
/** and how long it does so before it tries threads again. */
export const THREADS_PAUSE_MS = 60_000;
