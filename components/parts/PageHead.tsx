import type { ReactNode } from 'react';

/** Title of a page, what there is to say of it, and its tools. */
export const PageHead = ({
  title,
  note,
  children,
}: {
  title: ReactNode;
  note?: ReactNode;
  children?: ReactNode;
}) => (
  <div className="page-head">
    <h1>{title}</h1>
    {note === undefined || note === null ? null : <div className="page-note">{note}</div>}
    {children === undefined ? null : <div className="page-tools">{children}</div>}
  </div>
);
