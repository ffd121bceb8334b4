// The address that a contestant's sockets are bound to.

/** The loopback, or what the network namespace has. */
export const HOST = process.env.OSIER_BENCH_HOST ?? '127.0.0.1';
