/** Limits of announcements, and of what a node holds of them. Those of the bytes are the same in every node: a change is another version. */

/** The longest announcement, signature included: what one packet of the smallest path carries. */
export const ANNOUNCEMENT_BYTES_MAX = 1_100;
/** Addresses in one: more than any node has, few enough to try. */
export const ADDRESSES_MAX = 16;
/** Extensions in one. */
export const EXTENSIONS_MAX = 32;
/** Seconds that one counts: long enough not to be sent all the time, */
export const LIFETIME_SECONDS_MIN = 10;
/** and short enough that a node that is gone is forgotten. */
export const LIFETIME_SECONDS_MAX = 3_600;
/** The largest sequence: exact in a double. Milliseconds since 1970 come there in 285,000 years. */
export const SEQUENCE_MAX = 2 ** 53 - 1;

/** Nodes whose announcement is kept; some 500 bytes each, 2 KiB at the most. */
export const ANNOUNCEMENTS_MAX = 10_000;
/** Nodes of which only the least sequence is kept that would be believed; some 150 bytes each. */
export const TOMBSTONES_MAX = 20_000;
/** Signatures that are verified for one neighbour at once: the whole table of a node that comes back to the mesh, */
export const NEIGHBOUR_BURST = 10_000;
/** and a second: three times what 10,000 nodes announce that renew theirs every five minutes. */
export const NEIGHBOUR_PER_SECOND = 100;
/** Announcements of one origin that pass at once: so many failures in a row are answered without a wait, */
export const ORIGIN_BURST = 10;
/** and a second; of those that come sooner, the newest passes later. */
export const ORIGIN_PER_SECOND = 1;

/** Signatures that are verified on the thread of the node: fewer than this at once are sooner done than handed over. */
export const VERIFIED_HERE_MAX = 8;
/** Signatures that a thread verifies at a time: some 5 ms. */
export const THREAD_BATCH = 64;
/** How long a node verifies all by itself after a thread failed. */
export const VERIFYING_THREADS_PAUSE_MS = 60_000;
