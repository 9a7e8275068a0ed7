import type { ReactNode } from 'react';

/** One fact of a list of them: what it is, and its value. Stands in a `dl` of the class `rows`. */
export const Line = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
