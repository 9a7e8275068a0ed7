'use client';

import { Component, type ReactNode, useId } from 'react';
import { Updated } from './Updated.tsx';

interface BoundaryProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** One broken panel never blanks the page. */
export class PanelBoundary extends Component<BoundaryProps, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }
  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="note" role="alert">
        <p>{this.props.title} could not be drawn. The other panels are not touched.</p>
        <button type="button" className="button" onClick={() => this.setState({ failed: false })}>
          Try again
        </button>
      </div>
    );
  }
}

interface PanelProps {
  readonly title: string;
  readonly aside?: ReactNode;
  /** Of a panel whose own news failed to come: when it was last right. Milliseconds, server clock. */
  readonly asOf?: number | null;
  readonly className?: string;
  /** What an address may point at after its `#`. */
  readonly anchor?: string;
  readonly children: ReactNode;
}

/** A titled region; every panel of the page is one. */
export const Panel = ({ title, aside, asOf = null, className = '', anchor, children }: PanelProps) => {
  const id = useId();
  return (
    <section id={anchor} className={`panel ${className}`} aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id} className="eyebrow">
          {title}
        </h2>
        <Updated asOf={asOf} />
        {aside}
      </header>
      <PanelBoundary title={title}>{children}</PanelBoundary>
    </section>
  );
};
