export interface LogLine {
  /** Milliseconds since 1970, when the line was complete. */
  readonly at: number;
  readonly stream: 'out' | 'err';
  readonly text: string;
}

/** The last lines a process wrote, bounded in number and in length whatever it writes. */
export class LogTail {
  readonly #maxLines: number;
  readonly #maxChars: number;
  readonly #now: () => number;
  readonly #lines: LogLine[] = [];
  readonly #open: Record<LogLine['stream'], string> = { out: '', err: '' };

  /** `maxChars` bounds one line; what is longer is cut there. */
  constructor(options: { readonly maxLines: number; readonly maxChars: number; readonly now: () => number }) {
    this.#maxLines = options.maxLines;
    this.#maxChars = options.maxChars;
    this.#now = options.now;
  }

  /** Takes what was read from a pipe, wherever it was cut, and answers the lines that are complete with it. */
  write(stream: LogLine['stream'], chunk: string): readonly string[] {
    const parts = (this.#open[stream] + chunk).split('\n');
    this.#open[stream] = (parts.pop() ?? '').slice(0, this.#maxChars);
    const complete = parts.map((part) => part.replace(/\r$/, '').slice(0, this.#maxChars));
    for (const text of complete) this.#lines.push({ at: this.#now(), stream, text });
    this.#lines.splice(0, Math.max(0, this.#lines.length - this.#maxLines));
    return complete;
  }

  /** Oldest first. */
  lines(): readonly LogLine[] {
    return [...this.#lines];
  }

  /** The last line on standard error that is not empty, for the sentence on how a process ended. */
  lastWords(): string | null {
    return this.#lines.findLast(({ stream, text }) => stream === 'err' && text.trim() !== '')?.text ?? null;
  }
}
