'use client';

import { Bar, BarChart, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { Cadence } from '../cadence.ts';

const TICK = { fill: 'var(--ink-3)', fontSize: 11 };
const TIP = {
  background: 'var(--raised)',
  border: '1px solid var(--line-strong)',
  borderRadius: 6,
  fontSize: 12,
};

/** Loaded on its own, after the page: the numbers do not wait for a drawing. */
export const CadenceChart = ({ cadence }: { cadence: Cadence }) => (
  <ResponsiveContainer width="100%" height="100%">
    <BarChart
      data={[...cadence.beats]}
      margin={{ top: 6, right: 0, bottom: 0, left: 0 }}
      accessibilityLayer={false}
    >
      <XAxis
        dataKey="batch"
        tick={TICK}
        tickLine={false}
        axisLine={{ stroke: 'var(--line-strong)' }}
        minTickGap={28}
      />
      <YAxis
        width={40}
        tick={TICK}
        tickLine={false}
        axisLine={false}
        unit=" s"
        allowDecimals={false}
        tickCount={4}
      />
      <Tooltip
        cursor={{ fill: 'var(--brass-wash)' }}
        contentStyle={TIP}
        labelFormatter={(batch) => `Up to batch ${batch}`}
        formatter={(seconds) => [`${seconds} s after the L1 block before`, null]}
      />
      <Bar
        dataKey="seconds"
        fill="var(--brass)"
        radius={[2, 2, 0, 0]}
        maxBarSize={16}
        isAnimationActive={false}
      />
      <ReferenceLine y={cadence.average} stroke="var(--ink-2)" strokeDasharray="3 4" />
    </BarChart>
  </ResponsiveContainer>
);
