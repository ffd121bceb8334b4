// How much memory this process holds once what it no longer needs is collected.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Bytes. */
export function residentBytes() {
  collect();
  collect();
  return process.memoryUsage.rss();
}
