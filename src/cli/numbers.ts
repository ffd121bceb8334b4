/** Numbers of the command line. */
import { InvalidArgumentError } from 'commander';

/** A time in whole milliseconds; 0 means no limit where there is one. */
export function milliseconds(text: string): number {
  return wholeNumber(text, 0, 2 ** 31 - 1);
}

/** How often to do something, at least once. */
export function count(text: string): number {
  return wholeNumber(text, 1, 1_000_000_000);
}

/** How long to send: up to an hour. */
export function secondsOfLoad(text: string): number {
  return wholeNumber(text, 1, 3_600);
}

/** How many streams to open at once: as many as a listener serves. */
export function streamCount(text: string): number {
  return wholeNumber(text, 1, 1_024);
}

function wholeNumber(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
}
