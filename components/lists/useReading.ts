'use client';

import { type RefObject, useCallback } from 'react';

/** Above this the reader is still at the top of the list. Pixels. */
const NEAR_TOP = 40;

/** Whether the reader has scrolled into a list, of which `top` marks the beginning. Asked, not drawn. */
export const useReading = (top: RefObject<HTMLElement | null>): (() => boolean) =>
  useCallback(() => {
    const element = top.current;
    return element !== null && element.getBoundingClientRect().top < -NEAR_TOP;
  }, [top]);
