import { execFileSync } from 'node:child_process';

/** Runs Prometheus' tool; null where it is not installed. */
export const promtool = (...args: string[]): { code: number; output: string } | null =>
  promtoolOn('', ...args);

/** The same, with something to read. */
export function promtoolOn(input: string, ...args: string[]): { code: number; output: string } | null {
  try {
    return { code: 0, output: execFileSync('promtool', args, { input, encoding: 'utf8', stdio: 'pipe' }) };
  } catch (error) {
    const {
      code,
      status,
      stdout = '',
      stderr = '',
    } = error as {
      code?: string;
      status?: number;
      stdout?: string;
      stderr?: string;
    };
    return code === 'ENOENT' ? null : { code: status ?? 1, output: stdout + stderr };
  }
}

/** A user's machine may lack promtool; CI installs it (Debian's `prometheus`), and fails rather than skips without it. */
export const promtoolMissing = (): boolean =>
  process.env['CI'] === undefined && promtool('--version') === null;
