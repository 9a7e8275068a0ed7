import { open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { webhookView } from '../api/webhookView.ts';

/** How far the webhook has come. Losing it can repeat no event and can miss what happened before the next start. */
const saved = z.object({
  version: z.literal(1),
  cursor: z.number().int().nonnegative(),
  dead: webhookView.shape.dead,
});
export type Saved = Omit<z.infer<typeof saved>, 'version'>;

export interface CursorStore {
  /** Null when there is none, or none that can be read. */
  read(): Promise<Saved | null>;
  write(state: Saved): Promise<void>;
}

/** In a file that is replaced as a whole, on disk before the old one goes. */
export const cursorFile = (path: string): CursorStore => ({
  async read() {
    try {
      return saved.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch {
      return null;
    }
  },
  async write(state) {
    const next = `${path}.next`;
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify({ version: 1, ...state }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  },
});
