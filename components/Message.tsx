import type { ReactNode } from 'react';
import { BrandMark } from './parts/BrandMark.tsx';

/** A page that is one sentence: not found, or broken. */
export const Message = ({ title, text, children }: { title: string; text: string; children?: ReactNode }) => (
  <main className="message">
    <BrandMark className="message-mark" />
    <h1>{title}</h1>
    <p>{text}</p>
    {children}
    <p>
      {/* A plain link on purpose: it loads afresh whatever state this page is in. */}
      <a className="link" href="/">
        Go to the overview
      </a>
    </p>
  </main>
);
