import { expect, it } from 'vitest';
import { metricsOf } from './metrics.ts';

it('metrics are read with type, meaning and value; a histogram is one row', () => {
  const text = `# HELP b_seconds Time of a step.
# TYPE b_seconds histogram
b_seconds_bucket{le="1"} 3
b_seconds_sum 1.5
b_seconds_count 3
# HELP a_total Things {with} braces.
# TYPE a_total counter
a_total{kind="x"} 1
a_total{kind="y"} 2

nonsense line here
`;
  expect(metricsOf(text)).toEqual([
    { name: 'a_total', type: 'counter', help: 'Things {with} braces.', sample: '2 series' },
    { name: 'b_seconds', type: 'histogram', help: 'Time of a step.', sample: '3' },
  ]);
  expect(metricsOf('')).toEqual([]);
});
