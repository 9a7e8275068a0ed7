import { defineConfig } from 'vitest/config';

/**
 * Test projects. `unit` needs nothing but this checkout (anvil and the embedded engine come from npm);
 * `conformance` replays recorded data from outside the project and fails, rather than skips, without it; `geth` drives
 * a real geth (see bin/geth.mjs) and fails without one.
 */
export default defineConfig({
  test: {
    passWithNoTests: false,
    testTimeout: 30_000,
    // What vitest assumes, 10 s for a hook and 1 s for a poll, is a short time on a busy machine with two cores.
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'server/**/*.test.ts',
            'contracts/**/*.test.ts',
            'bench/**/*.test.ts',
            'components/**/*.test.ts',
          ],
          exclude: [
            '**/*.conformance.test.ts',
            '**/*.layers.test.ts',
            '**/*.geth.test.ts',
            '**/*.other.test.ts',
          ],
        },
      },
      { extends: true, test: { name: 'layers', include: ['server/**/*.layers.test.ts'] } },
      {
        extends: true,
        test: { name: 'conformance', include: ['server/**/*.conformance.test.ts'], testTimeout: 300_000 },
      },
      {
        extends: true,
        // An engine that the environment names: never part of a run of all.
        test: { name: 'other-engine', include: ['server/**/*.other.test.ts'], hookTimeout: 120_000 },
      },
      {
        extends: true,
        test: {
          name: 'geth',
          include: ['server/**/*.geth.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
