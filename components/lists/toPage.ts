import type { Sequenced } from './liveList.ts';
import type { PageAnswer } from './useLiveList.ts';

interface Listed {
  /** The server's clock when it answered. Milliseconds. */
  readonly now: number;
  readonly rows: readonly Sequenced[];
  readonly next: number | null;
}
export type ListedOf<Answer> = Extract<Answer, Listed>;
export type RowOf<Answer> = ListedOf<Answer>['rows'][number];

/** A list's answer as a page of rows with all that came beside them, or why there is none. Pure. */
export const toPage = <Answer extends { readonly kind: string }>(
  answer: Answer,
): PageAnswer<RowOf<Answer>, ListedOf<Answer>> => {
  if ('rows' in answer) {
    const listed = answer as unknown as ListedOf<Answer>;
    return { kind: 'page', rows: listed.rows, next: listed.next, more: listed };
  }
  return { kind: 'none', sentence: (answer as unknown as { sentence: string }).sentence };
};
