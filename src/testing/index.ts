/**
 * Whole nodes, unmodified, on a virtual network in virtual time: the same seed gives the same run.
 *
 * @module osier/testing
 */
export type { SimLink, SimNat, SimNodeOptions, SimOptions } from './options.js';
export type { SimHost } from './sim-host.js';
export { SimNetwork } from './sim-network.js';
