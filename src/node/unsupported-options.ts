import { invalidOption } from '../errors/index.js';

/** Options that the API names, and this version has not, each with the values that ask for nothing. */
const UNSUPPORTED: Readonly<Record<'node' | 'connect', Readonly<Record<string, readonly unknown[]>>>> = {
  node: { relay: [], liveness: ['wan'], discovery: [] },
  connect: { via: [] },
};

/** Throws INVALID_OPTION for an option that would be without effect. */
export function refuseUnsupported(call: keyof typeof UNSUPPORTED, options: object): void {
  for (const [name, withoutEffect] of Object.entries(UNSUPPORTED[call])) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !withoutEffect.includes(value)) throw invalidOption(name, 'is not there in this version of Osier: leave it out');
  }
}
