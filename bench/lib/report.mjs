// Puts the figures of all rounds together, as text and as the page BENCHMARKS.md.
import { spreadOf } from './statistics.mjs';

/** @typedef {{ gbitPerSecond: number, senderCore: number, receiverCore: number, packetsLost: number }} Bulk */
/** @typedef {{ p50Micros: number, p99Micros: number }} Echo */
/** @typedef {{ bulk: { packetBytes: number, osier: Bulk, roof: { gbitPerSecond: number } }[], echo: { osier: Echo, dgram: Echo } }} Round */
/** @typedef {ReturnType<typeof import('./machine.mjs').describeMachine>} Machine */
/** @typedef {{ rounds: number, warmUpMs: number, measureMs: number, trips: number }} Plan */
/** @typedef {{ plan: Plan, machine: Machine, rounds: Round[] }} BenchResult */
/** @typedef {{ name: string, unit: string, digits: number, values: number[] }} Row */

/** What the project wants to hold. */
const TARGETS = { shareOfRoof: 0.6, echoRatio: 1 };

/** @param {BenchResult} result */
export function summaryText(result) {
  const rows = rowsOf(result).map((row) => [row.name, ...cellsOf(row), row.unit]);
  const table = [['', 'min', 'median', 'max', ''], ...rows].map(
    ([name = '', ...cells]) =>
      name.padEnd(38) +
      cells
        .map((cell) => cell.padStart(9))
        .join('')
        .trimEnd(),
  );
  return [...table, '', ...verdicts(result), limitText(result)].join('\n');
}

/** @param {BenchResult} result */
export function benchmarksPage(result) {
  const { plan, machine } = result;
  const rows = rowsOf(result).map((row) => `| ${row.name} | ${cellsOf(row).join(' | ')} | ${row.unit} |`);
  return `# Benchmarks

This page is written by \`npm run bench -- --publish\`; do not edit it. ${machine.date}, ${plan.rounds} interleaved rounds.

Machine: ${machine.processor}, ${machine.coreCount} cores, ${machine.memoryGigabytes} GB, ${machine.kernel}, Node ${machine.node}.
Two processes on the loopback, pinned to the cores ${machine.pinnedCores.join(' and ')}. Load before the run: ${machine.loadBefore.toFixed(2)}.

| | min | median | max | |
|---|---:|---:|---:|---|
${rows.join('\n')}

${verdicts(result).join('\n')}
${limitText(result)}

## What is measured

- **Bulk**: one \`bytes\` stream, ChaCha20-Poly1305, 64 KiB writes, one direction, ${plan.measureMs} ms after ${plan.warmUpMs} ms of warm-up. Payload bytes that
  were delivered to the receiver's JavaScript through \`views()\` and compared there, byte by byte, with what belongs at their position. The total is compared at the end.
- **Roof**: the same sizes of packets through bare sockets (GSO, GRO, \`recvmmsg\`) in Rust. Each packet is copied in, sealed, opened, compared; no packet
  is acknowledged or repaired; the receiver only tells how much it has taken, so that its buffer never overflows. Payload bytes that compared well.
- **Share of the roof**: the two above, round by round.
- **Echo**: 64 bytes there and back over one stream, ${plan.trips} times, one at a time; each answer is compared. Beside it the same with \`node:dgram\`,
  unencrypted and unreliable.
`;
}

/** The spread of every figure over the rounds.
 * @param {BenchResult} result */
export function spreads(result) {
  return rowsOf(result).map(({ name, unit, values }) => ({ name, unit, ...spreadOf(values) }));
}

/** @param {BenchResult} result @returns {Row[]} */
function rowsOf({ rounds }) {
  const sizes = rounds[0]?.bulk.map(({ packetBytes }) => packetBytes) ?? [];
  const bulkRows = sizes.flatMap((packetBytes, index) => {
    const measured = rounds.flatMap((round) => round.bulk[index] ?? []);
    return [
      row(
        `bulk, ${packetBytes} B packets`,
        'Gbit/s',
        2,
        measured.map(({ osier }) => osier.gbitPerSecond),
      ),
      row(
        `roof, ${packetBytes} B packets`,
        'Gbit/s',
        2,
        measured.map(({ roof }) => roof.gbitPerSecond),
      ),
      row(
        `share of the roof, ${packetBytes} B`,
        '',
        2,
        measured.map(({ osier, roof }) => osier.gbitPerSecond / roof.gbitPerSecond),
      ),
    ];
  });
  const echo = rounds.map((round) => round.echo);
  return [
    ...bulkRows,
    row(
      'echo 64 B, p50',
      'us',
      1,
      echo.map(({ osier }) => osier.p50Micros),
    ),
    row(
      'echo 64 B, p99',
      'us',
      1,
      echo.map(({ osier }) => osier.p99Micros),
    ),
    row(
      'node:dgram echo 64 B, p50',
      'us',
      1,
      echo.map(({ dgram }) => dgram.p50Micros),
    ),
    row(
      'node:dgram echo 64 B, p99',
      'us',
      1,
      echo.map(({ dgram }) => dgram.p99Micros),
    ),
    row('echo p50, Osier to node:dgram', '', 2, echoRatios(echo)),
  ];
}

/** @param {string} name @param {string} unit @param {number} digits @param {number[]} values @returns {Row} */
function row(name, unit, digits, values) {
  return { name, unit, digits, values };
}

/** @param {Row} row */
function cellsOf({ values, digits }) {
  const { min, median, max } = spreadOf(values);
  return [min, median, max].map((value) => value.toFixed(digits));
}

/** @param {readonly { osier: Echo, dgram: Echo }[]} echo */
function echoRatios(echo) {
  return echo.map(({ osier, dgram }) => osier.p50Micros / dgram.p50Micros);
}

/** @param {BenchResult} result */
function verdicts({ rounds }) {
  const shares = (rounds[0]?.bulk ?? []).map(({ packetBytes }, index) => {
    const perRound = rounds.flatMap((round) => round.bulk[index] ?? []).map(({ osier, roof }) => osier.gbitPerSecond / roof.gbitPerSecond);
    return verdict(`share of the roof at ${packetBytes} B`, spreadOf(perRound).median, 'at least', TARGETS.shareOfRoof);
  });
  return [
    ...shares,
    verdict('echo p50 beside node:dgram', spreadOf(echoRatios(rounds.map((round) => round.echo))).median, 'at most', TARGETS.echoRatio),
  ];
}

/** @param {string} name @param {number} value @param {'at least' | 'at most'} relation @param {number} bound */
function verdict(name, value, relation, bound) {
  const isMet = relation === 'at least' ? value >= bound : value <= bound;
  return `Target, ${name} ${relation} ${bound.toFixed(1)}: ${isMet ? 'met' : 'missed'} (${value.toFixed(2)}).`;
}

/** Says what bulk was limited by, as far as the cores tell.
 * @param {BenchResult} result */
function limitText({ rounds }) {
  const bulk = rounds.flatMap((round) => round.bulk.map(({ osier }) => osier));
  const [sender, receiver] = [
    spreadOf(bulk.map(({ senderCore }) => senderCore)).median,
    spreadOf(bulk.map(({ receiverCore }) => receiverCore)).median,
  ];
  const percent = (/** @type {number} */ share) => `${Math.round(share * 100)} %`;
  const lost = bulk.reduce((sum, { packetsLost }) => sum + packetsLost, 0);
  const limit =
    Math.max(sender, receiver) < 0.9 ? 'neither core was the limit' : `the ${sender > receiver ? "sender's" : "receiver's"} core was the limit`;
  return `During bulk ${limit} (busy, median: sender ${percent(sender)}, receiver ${percent(receiver)}); packets lost in all runs: ${lost}.`;
}
