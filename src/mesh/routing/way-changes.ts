import { type Destination, metricOf, mtuOf } from './destination.js';
import type { Way, WayChange } from './types.js';

/** Destinations whose way may differ from what the caller was told. */
export class WayChanges {
  readonly #touched = new Set<Destination>();

  touch(destination: Destination): void {
    this.#touched.add(destination);
  }

  /** What differs; the caller is told it with this. */
  take(): WayChange[] {
    const changes: WayChange[] = [];
    for (const destination of this.#touched) {
      const before = destination.way;
      if (isAsTold(destination, before)) continue;
      const after = wayOf(destination);
      destination.way = after;
      changes.push({ destination: destination.key, before, after });
    }
    this.#touched.clear();
    return changes;
  }
}

function isAsTold(destination: Destination, told: Way | null): boolean {
  const { selected, backup } = destination;
  if (selected === null || told === null) return selected === null && told === null;
  return (
    told.nextHop === selected.neighbour.key &&
    told.backup === (backup?.neighbour.key ?? null) &&
    told.metricMicros === metricOf(selected) &&
    told.sequence === selected.sequence &&
    told.mtuBytes === mtuOf(selected) &&
    told.hops === selected.hops &&
    told.sinceMs === destination.selectedAtMs
  );
}

function wayOf(destination: Destination): Way | null {
  const { key, selected, backup, selectedAtMs } = destination;
  if (selected === null) return null;
  return {
    destination: key,
    nextHop: selected.neighbour.key,
    backup: backup?.neighbour.key ?? null,
    sequence: selected.sequence,
    metricMicros: metricOf(selected),
    mtuBytes: mtuOf(selected),
    hops: selected.hops,
    sinceMs: selectedAtMs,
  };
}
