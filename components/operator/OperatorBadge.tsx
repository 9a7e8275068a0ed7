'use client';

import { useState } from 'react';
import { SignInDialog } from './SignIn.tsx';
import { useSession } from './useSession.ts';

const Key = () => (
  <svg viewBox="0 0 16 16" className="icon" aria-hidden="true" focusable="false">
    <path
      d="M5.5 4.4a3.6 3.6 0 1 0 3.3 5h1.9v2h2.1v-2h1.7v-2.5h-5.7a3.6 3.6 0 0 0-3.3-2.5zm0 2.2a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8z"
      fill="currentColor"
      fillRule="evenodd"
    />
  </svg>
);

/** In the header of every page: whether orders can be given from here, and by whom. */
export const OperatorBadge = () => {
  const { enabled, session, signOut } = useSession();
  const [open, setOpen] = useState(false);
  if (!enabled) {
    return (
      <span className="operator-badge" title="No operator token is configured: this page can only look.">
        <Key />
        <span className="operator-word">read-only</span>
      </span>
    );
  }
  if (session?.signedIn === true) {
    return (
      <span className="operator-badge is-in">
        <Key />
        <span className="operator-word">{session.name}</span>
        <button
          type="button"
          className="operator-button"
          onClick={() => void signOut()}
          aria-label={`Sign out ${session.name}`}
        >
          Sign out
        </button>
      </span>
    );
  }
  return (
    <>
      <button
        type="button"
        className="operator-badge is-button"
        onClick={() => setOpen(true)}
        aria-label="Sign in as operator"
      >
        <Key />
        <span className="operator-word">Sign in</span>
      </button>
      <SignInDialog open={open} onClose={() => setOpen(false)} />
    </>
  );
};
