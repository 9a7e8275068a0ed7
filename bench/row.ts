/** One measurement, printed as one JSON object a line by `npm run bench -- --json`. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** value ÷ the bound's own measurement in the same run (or its inverse, so that the name reads true). */
  readonly ratio: number | null;
  /** What the ratio (or the value, where ratio is null) is held against, in words: "≥ 5", "≤ 1.10". */
  readonly bound: string;
  readonly ok: boolean;
}

/** A bench file exports one of these; `bench/main.ts` runs them one after the other. */
export type Bench = (log: (line: string) => void) => Promise<readonly BenchRow[]>;
