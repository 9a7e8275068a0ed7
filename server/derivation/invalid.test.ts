import { expect, test } from 'vitest';
import { INVALID_REASONS, invalidSentence } from './invalid.ts';

test('every reason has a sentence of its own, without codes or jargon of this program', () => {
  const sentences = INVALID_REASONS.map(invalidSentence);
  expect(new Set(sentences).size).toBe(INVALID_REASONS.length);
  for (const sentence of sentences) {
    expect(sentence).toMatch(/^[A-Z][^_\n]{30,160}\.$/);
  }
});
