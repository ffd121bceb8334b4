/** The numbers that the sources name, read as text: of Rust and of TypeScript alike. */
import { readFileSync } from 'node:fs';

/** The text of a file of the repository. */
export function source(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

/** The names of all constants that `path` exports or declares at its top. */
export function constantsOf(path: string): string[] {
  return [...source(path).matchAll(/^(?:pub |pub\(crate\) |export )?const ([A-Z][A-Z0-9_]*)\b/gm)].map(([, name = '']) => name);
}

/** The value of the constant `name`, or of a field of it (`RATE.burst`), in `path`, whole numbers only. Throws when there is none. */
export function constant(path: string, name: string): bigint {
  const [root = '', field] = name.split('.');
  const declared = new RegExp(`\\bconst ${root}(?:: [\\w<>]+)? =\\s*([^;]+);`).exec(source(path))?.[1];
  const expression = field === undefined ? declared : new RegExp(`\\b${field}: ([^,}]+)`).exec(declared ?? '')?.[1];
  if (expression === undefined) throw new Error(`${path} has no constant ${name}`);
  const whole = expression
    .replaceAll(/\bu64::BITS\b/g, '64')
    .replaceAll(/ as \w+/g, '')
    .replaceAll(/\b(?:0x[\da-f_]+|\d[\d_]*)\b/gi, (number) => number.replaceAll('_', ''))
    .replaceAll(/\b(0x[\da-f]+|\d+)n?\b/gi, '$1n')
    .replaceAll(/\b[A-Z][A-Z0-9_]*\b/g, (other) => `${constant(path, other)}n`);
  if (!/^[\s\dxa-fn+*()<-]+$/i.test(whole)) throw new Error(`${name} = ${expression} is no sum of whole numbers`);
  return BigInt(Function(`return ${whole}`)());
}

const UNITS: Readonly<Record<string, bigint>> = { KiB: 1n << 10n, MiB: 1n << 20n, ms: 1_000n, s: 1_000_000n };

/** A number as the pages write it, "2^62 - 1", "65,507", "16 MiB", in the unit in which the constant `name` counts. */
export function written(text: string, name: string): bigint {
  const [, base = '', exponent, less, unit] = /^(\d[\d,]*)(?:\^(\d+))?( - 1)?(?: (KiB|MiB|ms|s))?$/.exec(text) ?? [];
  if (base === '') throw new Error(`"${text}" is no number`);
  const number = BigInt(base.replaceAll(',', '')) ** BigInt(exponent ?? 1) - (less === undefined ? 0n : 1n);
  const scale = unit === undefined ? 1n : (UNITS[unit] ?? 1n);
  return name.includes('_MS') ? (number * scale) / (unit === undefined ? 1n : 1_000n) : number * scale;
}
