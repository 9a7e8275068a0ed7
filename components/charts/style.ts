/** How every chart is drawn: quiet axes, the page's own colours. */
export const TICK = { fill: 'var(--ink-3)', fontSize: 11 };
export const AXIS = { stroke: 'var(--line-strong)' };
export const TIP = {
  background: 'var(--raised)',
  border: '1px solid var(--line-strong)',
  borderRadius: 6,
  color: 'var(--ink)',
  fontSize: 12,
};
