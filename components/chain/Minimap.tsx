import type { LaneBlockView } from '../../server/api/views.ts';
import { count } from '../format.ts';

const WIDTH = 1_000;
const HEIGHT = 26;

interface MinimapProps {
  readonly all: readonly LaneBlockView[];
  readonly end: number;
  readonly zoom: number;
  readonly onMove: (end: number) => void;
}

/** All blocks that are loaded, three paths for all of them, and the window over them: a slider that shows what it slides. */
export const Minimap = ({ all, end, zoom, onMove }: MinimapProps) => {
  const canonical = all.filter((block) => block.canonical);
  const step = WIDTH / Math.max(1, canonical.length);
  const place = new Map(canonical.map(({ number }, i) => [number, i]));
  const bar = (i: number, height: number): string =>
    `M${((i + 0.5) * step).toFixed(1)} ${HEIGHT - 3}v${-height}`;
  const held = canonical.map(({ batches }, i) => bar(i, Math.min(20, 3 + batches.length * 5))).join('');
  const orphaned = all
    .filter((block) => !block.canonical)
    .map(({ number }) => bar(place.get(number) ?? canonical.length - 1, 20))
    .join('');
  const from = Math.max(0, end - zoom + 1);
  return (
    <div className="minimap">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        className="minimap-picture"
        aria-hidden="true"
        focusable="false"
      >
        <rect
          x={from * step}
          y="0"
          width={(end - from + 1) * step}
          height={HEIGHT}
          className="minimap-window"
        />
        <path d={held} className="minimap-held" strokeWidth={Math.max(0.8, Math.min(6, step * 0.6))} />
        <path
          d={orphaned}
          className="minimap-orphaned"
          strokeWidth={Math.max(1.4, Math.min(6, step * 0.6))}
        />
      </svg>
      <input
        type="range"
        className="minimap-slider"
        aria-label="Place among the blocks that are loaded"
        aria-valuetext={`${count(canonical.length - 1 - end, 'block')} before the newest`}
        min={Math.min(zoom, canonical.length) - 1}
        max={canonical.length - 1}
        value={end}
        onChange={(event) => onMove(Number(event.target.value))}
      />
    </div>
  );
};
