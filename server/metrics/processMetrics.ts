import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MetricName } from './catalog.ts';
import { type LoopLag, watchLoopLag } from './loopLag.ts';
import { MetricRegistry } from './registry.ts';

/** Of the catalogue, those that are not of a node but of the process that serves it. */
export const OWN = [
  'event_loop_lag_seconds',
  'api_requests_total',
  'api_request_seconds',
  'api_streams',
] as const satisfies readonly MetricName[];

/** Memory, CPU, handles and the event loop of this process. One a process: its observers cannot be taken back. */
export interface ProcessMetrics {
  /** Median delay of the event loop lately, milliseconds. */
  loopLagMs(): number;
  /** An answer of the API is sent. */
  answered(route: string, status: number, seconds: number): void;
  openStreams(open: number): void;
  text(): Promise<string>;
}

export function processMetrics(lag: LoopLag = watchLoopLag()): ProcessMetrics {
  const defaults = new Registry();
  collectDefaultMetrics({ register: defaults });
  const own = new MetricRegistry(OWN);
  own.set('api_streams', 0);
  return {
    loopLagMs: () => lag.quantile(50),
    answered: (route, status, seconds) => {
      own.count('api_requests_total', { route, code: `${Math.floor(status / 100)}xx` });
      // How long a stream was open says nothing of the server.
      if (route !== 'events') own.observe('api_request_seconds', seconds, { route });
    },
    openStreams: (open) => own.set('api_streams', open),
    text: async () => {
      for (const [percentile, percent] of Object.entries({ '50': 50, '99': 99, '100': 100 }))
        own.set('event_loop_lag_seconds', lag.quantile(percent) / 1000, { percentile });
      return `${await own.text()}\n${await defaults.metrics()}`;
    },
  };
}
