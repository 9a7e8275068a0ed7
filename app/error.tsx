'use client';

import { Message } from '../components/Message.tsx';

/** The last resort: panels catch their own errors before this one. */
export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return (
    <Message
      title="This page could not be drawn"
      text="The node is not affected: it goes on without the page."
    >
      <button type="button" className="button" onClick={reset}>
        Try again
      </button>
    </Message>
  );
}
