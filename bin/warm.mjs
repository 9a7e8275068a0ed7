// Loads what a devnet and its nodes load, and ends: what Node made of it is kept (compileCache in system.mjs), so that
// the first start after a build is as quick and as small as every later one.
const LOADED = [
  'commands/devnet.ts',
  'commands/start.ts',
  'sequencing.ts',
  'sequencer/keys/openSigner.ts',
  'sequencer/fence/sqliteFenceStore.ts',
  'devnet/chaos/handle.ts',
  'engine/embedded/embedded.ts',
];

for (const file of LOADED) await import(new URL(`../server/${file}`, import.meta.url).href);
