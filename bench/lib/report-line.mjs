// How the processes of a benchmark report.

/** One line of JSON.
 * @param {object} fields */
export function report(fields) {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
}
