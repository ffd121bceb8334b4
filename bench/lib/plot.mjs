// A plot as a small SVG: a bar a row up to the median, and a line from the least to the greatest.

/** @typedef {{ label: string, spread: import('./statistics.mjs').Spread, isSubject: boolean }} PlotRow */

const WIDTH = 860;
const ROW = 24;
const TOP = 44;
const LABELS = 330;
/** Where bars begin and the longest ends; figures stand behind. */
const [LEFT, RIGHT] = [LABELS + 10, WIDTH - 90];

/** @param {{ title: string, unit: string, better: 'higher' | 'lower', rows: readonly PlotRow[] }} plot @returns {string} The whole file. */
export function plotOf({ title, unit, better, rows }) {
  const greatest = Math.max(...rows.map(({ spread }) => spread.max), Number.MIN_VALUE);
  const x = (/** @type {number} */ value) => (LEFT + (Math.max(0, value) / greatest) * (RIGHT - LEFT)).toFixed(1);
  const height = TOP + rows.length * ROW + 12;
  const bars = rows.map(({ label, spread, isSubject }, index) => {
    const top = TOP + index * ROW;
    const middle = top + ROW / 2;
    const [least, median, most] = [x(spread.min), x(spread.median), x(spread.max)];
    return [
      text(LABELS, middle + 4, label, 'text-anchor="end"'),
      `<rect x="${LEFT}" y="${top + 4}" width="${(Number(median) - LEFT).toFixed(1)}" height="${ROW - 8}" fill="${isSubject ? '#1f6feb' : '#9aa4b2'}"/>`,
      `<path d="M${least} ${middle}H${most}M${least} ${middle - 5}v10M${most} ${middle - 5}v10" stroke="#111" fill="none"/>`,
      text(Number(most) + 8, middle + 4, figure(spread.median)),
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13" fill="#111">
<rect width="100%" height="100%" fill="#fff"/>
${text(12, 26, `${title}: ${unit}, ${better} is better; bar: median, line: least to greatest`, 'font-weight="bold"')}
${bars.join('\n')}
</svg>
`;
}

/** A figure as tables and plots show it: three digits at least, never more after the point than two.
 * @param {number} value */
export function figure(value) {
  const magnitude = Math.abs(value);
  if (magnitude >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toFixed(magnitude >= 100 ? 1 : magnitude >= 0.1 || magnitude === 0 ? 2 : 4);
}

/** @param {number} x @param {number} y @param {string} content @param {string} [attributes] */
function text(x, y, content, attributes = '') {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`;
}
