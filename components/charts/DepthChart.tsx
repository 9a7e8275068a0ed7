'use client';

import { useRouter } from 'next/navigation';
import { CartesianGrid, ResponsiveContainer, Scatter, ScatterChart, Tooltip, XAxis, YAxis } from 'recharts';
import type { ReorgSummary } from '../../server/api/historyViews.ts';
import { useZone } from '../parts/useZone.ts';
import { AXIS, TICK, TIP } from './style.ts';

type Point = ReorgSummary['points'][number];

/** Loaded on its own, after the page. A dot leads to its reorg, as its row in the list does. */
export const DepthChart = ({ points }: { points: readonly Point[] }) => {
  const router = useRouter();
  const zone = useZone();
  const dayAndHour = (ms: number): string => `${zone.day(ms).slice(5)} ${zone.clock(ms).slice(0, 5)}`;
  const open = (one: unknown): void => {
    const id = (one as { payload?: { id?: string }; id?: string }).payload?.id;
    if (id !== undefined) router.push(`/reorgs/${encodeURIComponent(id)}`);
  };
  return (
    <ResponsiveContainer width="100%" height="100%">
      <ScatterChart margin={{ top: 8, right: 10, bottom: 0, left: 0 }} accessibilityLayer={false}>
        <CartesianGrid stroke="var(--line)" vertical={false} />
        <XAxis
          type="number"
          dataKey="at"
          domain={['dataMin', 'dataMax']}
          tickFormatter={dayAndHour}
          tick={TICK}
          tickLine={false}
          axisLine={AXIS}
          minTickGap={60}
        />
        <YAxis
          type="number"
          dataKey="depth"
          width={36}
          tick={TICK}
          tickLine={false}
          axisLine={false}
          allowDecimals={false}
          scale="sqrt"
          domain={[0, 'dataMax']}
        />
        <Tooltip
          cursor={{ stroke: 'var(--line-strong)' }}
          contentStyle={TIP}
          itemStyle={{ color: 'var(--ink)' }}
          formatter={(value, name) =>
            name === 'at' ? [zone.stamp(Number(value), false), 'detected'] : [value, 'depth']
          }
        />
        <Scatter
          data={points.filter(({ layer }) => layer === 'L2')}
          fill="var(--reorg)"
          shape="circle"
          isAnimationActive={false}
          onClick={open}
          className="dots"
        />
        <Scatter
          data={points.filter(({ layer }) => layer === 'L1')}
          fill="var(--stop)"
          shape="diamond"
          isAnimationActive={false}
          onClick={open}
          className="dots"
        />
      </ScatterChart>
    </ResponsiveContainer>
  );
};
