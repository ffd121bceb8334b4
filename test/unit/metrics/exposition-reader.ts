/** Reads the text exposition format, version 0.0.4, and accepts nothing that the format does not allow. */

export interface ReadFamily {
  readonly help: string;
  readonly type: string;
  readonly samples: { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/;
const HELP = new RegExp(`^# HELP (${NAME.source}) ((?:[^\\\\]|\\\\\\\\|\\\\n)*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME.source}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(`^(${NAME.source})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^\\"]|\\\\|\\"|\\n)*)"(,|$)/;
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/;

/** Families by name, in their order. Throws at the first fault. */
export function readExposition(text: string): Map<string, ReadFamily> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, ReadFamily>();
  const series = new Set<string>();
  const lines = text.split('\n').slice(0, -1);
  let current = '';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line.startsWith('#')) {
      const [, name = '', help = ''] = HELP.exec(line) ?? fail(line);
      const [, typed, type = ''] = TYPE.exec(lines[++at] ?? '') ?? fail(lines[at] ?? 'nothing');
      if (typed !== name) fail(`TYPE of ${typed} after HELP of ${name}`);
      if (families.has(name)) fail(`two families ${name}`);
      families.set(name, { help: unescaped(help), type, samples: [] });
      current = name;
      continue;
    }
    const [, name = '', labelText, value = ''] = SAMPLE.exec(line) ?? fail(line);
    if (name !== current) fail(`a sample of ${name} among those of ${current}`);
    if (!VALUE.test(value)) fail(`value ${value}`);
    const labels = readLabels(labelText ?? '');
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (series.has(key)) fail(`twice: ${key}`);
    series.add(key);
    families.get(name)?.samples.push({ labels, value: Number(value.replace('Inf', 'Infinity')) });
  }
  for (const [name, { samples }] of families) if (samples.length === 0) fail(`${name} has no samples`);
  return families;
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [all, name = '', value = '', comma] = LABEL.exec(rest) ?? fail(`labels ${rest}`);
    if (name in labels) fail(`label ${name} twice`);
    labels[name] = unescaped(value);
    rest = rest.slice(all.length);
    if (comma === ',' && rest === '') fail(`labels ${text}`);
  }
  return labels;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_all, character: string) => (character === 'n' ? '\n' : character));
}

function fail(problem: string): never {
  throw new Error(`not in the exposition format: ${problem}`);
}
