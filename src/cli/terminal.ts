/** What a command writes: results on stdout, everything else on stderr; with `--json` one JSON object a line, and no notes. */
import colors from 'picocolors';
import type { Failure } from './exit-codes.js';

/** The least part of a `tty.WriteStream` that is used here. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Where a command's output goes. */
export class Terminal {
  readonly json: boolean;
  private readonly stdout: OutputStream;
  private readonly stderr: OutputStream;
  private hasProgress = false;

  constructor(json: boolean, stdout: OutputStream = process.stdout, stderr: OutputStream = process.stderr) {
    this.json = json;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** Progress is drawn only where a person looks at it. */
  get showsProgress(): boolean {
    return !this.json && this.stderr.isTTY === true && process.env.TERM !== 'dumb';
  }

  /** A result: `fields` as JSON, or `text`. */
  result(fields: object, text: string): void {
    this.clearProgress();
    this.stdout.write(`${this.json ? toJson(fields) : text}\n`);
  }

  /** A remark for a person. */
  note(text: string): void {
    if (this.json) return;
    this.clearProgress();
    this.stderr.write(`${text}\n`);
  }

  /** Replaces the line of progress; `draw` gets the number of columns that it may fill. */
  progress(draw: (width: number) => string): void {
    if (!this.showsProgress) return;
    this.hasProgress = true;
    this.stderr.write(`\r\x1b[2K${draw((this.stderr.columns || 80) - 1)}`);
  }

  /** Removes the line of progress. */
  clearProgress(): void {
    if (!this.hasProgress) return;
    this.hasProgress = false;
    this.stderr.write('\r\x1b[2K');
  }

  /** The error that ended the command. */
  failure(failure: Failure): void {
    this.clearProgress();
    const line = this.json ? toJson({ error: failure }) : `${colors.red('error:')} ${failure.message}`;
    this.stderr.write(`${line}\n`);
  }
}

function toJson(value: object): string {
  return JSON.stringify(value, (_key, field: unknown) => (typeof field === 'bigint' ? Number(field) : field));
}
