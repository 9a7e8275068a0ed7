'use client';

import { Area, AreaChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { LagSample } from '../../server/api/historyViews.ts';
import { useZone } from '../parts/useZone.ts';
import { AXIS, TICK, TIP } from './style.ts';

/** Loaded on its own, after the page. */
export const LagChart = ({ samples }: { samples: readonly LagSample[] }) => {
  const zone = useZone();
  return (
    <ResponsiveContainer width="100%" height="100%">
      <AreaChart
        data={[...samples]}
        margin={{ top: 8, right: 4, bottom: 0, left: 0 }}
        accessibilityLayer={false}
      >
        <CartesianGrid stroke="var(--line)" vertical={false} />
        <XAxis
          type="number"
          dataKey="at"
          domain={['dataMin', 'dataMax']}
          tickFormatter={zone.clock}
          tick={TICK}
          tickLine={false}
          axisLine={AXIS}
          minTickGap={70}
        />
        <YAxis width={44} tick={TICK} tickLine={false} axisLine={false} allowDecimals={false} />
        <Tooltip
          contentStyle={TIP}
          itemStyle={{ color: 'var(--ink)' }}
          labelFormatter={(at) => zone.stamp(Number(at), false)}
          formatter={(value, name) => [
            value,
            name === 'l1Blocks' ? 'L1 blocks behind' : 'L2 blocks past safe',
          ]}
        />
        <Area
          type="stepAfter"
          dataKey="l2Blocks"
          stroke="var(--steel)"
          fill="var(--steel-wash)"
          strokeWidth={1.4}
          isAnimationActive={false}
        />
        <Area
          type="stepAfter"
          dataKey="l1Blocks"
          stroke="var(--brass)"
          fill="var(--brass-wash)"
          strokeWidth={1.8}
          isAnimationActive={false}
        />
      </AreaChart>
    </ResponsiveContainer>
  );
};
