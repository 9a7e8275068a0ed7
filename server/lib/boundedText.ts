/**
 * The body of an answer as text, or null when it is longer than `maxBytes`: what is over the bound is never held, and
 * the rest is not read. Whoever answers may send more than it should.
 */
export async function boundedText(
  { body }: { readonly body: AsyncIterable<Uint8Array> | null },
  maxBytes: number,
): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBytes) return null; // Leaving the loop cancels the stream.
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
