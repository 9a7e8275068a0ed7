#!/usr/bin/env node
// Parsed by whatever Node the machine has: no static import and no syntax younger than modules, so that an old
// one gets as far as the sentence below instead of a syntax error.
var MINIMUM = 20;

if (Number(process.versions.node.split('.')[0]) < MINIMUM) {
  process.stderr.write(
    'Plumbline needs Node ' +
      MINIMUM +
      ' or newer to start (it brings its own Node 24 for the rest), and this is Node ' +
      process.versions.node +
      ': install a newer one from nodejs.org or with your package manager.\n',
  );
  process.exitCode = 2;
} else {
  import('./launcher.mjs').then((launcher) => launcher.main(process.argv.slice(2)));
}
