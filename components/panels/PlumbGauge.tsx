import type { VerdictKind } from '../../server/api/views.ts';

/** Degrees out of plumb, for the eye only: the words beside it carry the meaning. */
const LEAN: Record<VerdictKind, number> = {
  aligned: 0,
  catching_up: 13,
  degraded: 6,
  stalled: 19,
  reorg: -15,
  diverged: 25,
  halted: 0,
  unknown: 0,
};

const TICKS = [-24, -16, -8, 0, 8, 16, 24];
const LENGTH = 104;

const point = (degrees: number, radius: number): string => {
  const radians = (degrees * Math.PI) / 180;
  return `${(80 - Math.sin(radians) * radius).toFixed(2)} ${(14 + Math.cos(radians) * radius).toFixed(2)}`;
};

/** A plumb line over its scale: it hangs true when L2 follows L1. */
export const PlumbGauge = ({ kind }: { kind: VerdictKind }) => (
  <svg viewBox="0 0 160 138" className={`gauge gauge-${kind}`} aria-hidden="true" focusable="false">
    <path d="M30 14h100" className="gauge-rail" />
    {TICKS.map((degrees) => (
      <path
        key={degrees}
        d={`M${point(degrees, degrees === 0 ? 112 : 114)}L${point(degrees, 121)}`}
        className={degrees === 0 ? 'gauge-tick gauge-true' : 'gauge-tick'}
      />
    ))}
    <path d={`M${point(28, 121)}A121 121 0 0 0 ${point(-28, 121)}`} className="gauge-arc" />
    <path d="M80 14V108" className="gauge-plumb" />
    <g className="gauge-hand" transform={`rotate(${LEAN[kind]} 80 14)`}>
      <path d={`M80 14v${LENGTH - 26}`} className="gauge-string" />
      {kind === 'unknown' ? null : <path d={`M72 ${LENGTH - 12}h16v8l-8 18l-8-18z`} className="gauge-bob" />}
      {kind === 'unknown' ? (
        <path d={`M72 ${LENGTH - 12}h16v8l-8 18l-8-18z`} className="gauge-bob-outline" />
      ) : null}
    </g>
    <circle cx="80" cy="14" r="3.5" className="gauge-pin" />
  </svg>
);
