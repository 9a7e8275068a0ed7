'use client';

import { useCallback, useEffect, useRef, useState } from 'react';

/** How long a button says what became of it. Milliseconds. */
const SHOWN_MS = 1_500;

/** `refused`: without a secure context, or without leave, a browser gives no clipboard. */
export type Copied = 'not_yet' | 'done' | 'refused';

/** Copies text, and knows for a moment whether that went well. Never rejects. */
export const useCopy = (): { readonly copied: Copied; readonly copy: (text: string) => Promise<void> } => {
  const [copied, setCopied] = useState<Copied>('not_yet');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = useCallback(async (text: string): Promise<void> => {
    // Without a secure context `navigator.clipboard` is not there, which throws as a refusal does.
    const done = await (async () => navigator.clipboard.writeText(text))().then(
      () => true,
      () => false,
    );
    setCopied(done ? 'done' : 'refused');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied('not_yet'), SHOWN_MS);
  }, []);
  return { copied, copy };
};
