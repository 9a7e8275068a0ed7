/**
 * All bytes of a body, or null when it is longer than `maxBytes`: what is over the bound is never held, and the rest is
 * not read. Whoever sends may send more than it should.
 */
export async function boundedBytes(
  body: AsyncIterable<Uint8Array> | null,
  maxBytes: number,
): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBytes) return null; // Leaving the loop cancels the stream.
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body of an answer as text, or null when it is longer than `maxBytes`. */
export const boundedText = async (
  { body }: { readonly body: AsyncIterable<Uint8Array> | null },
  maxBytes: number,
): Promise<string | null> => (await boundedBytes(body, maxBytes))?.toString('utf8') ?? null;
