import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { HELP, OPTIONS } from '../journalTool/options.ts';
import { type Command, EXIT } from './command.ts';

const TOOL = fileURLToPath(new URL('../journalTool/main.ts', import.meta.url));

/** Starts the tool as a process of its own: it shares nothing with the node whose journal it judges. */
export const journalCommand: Command = {
  name: 'journal',
  summary: 'verify or export a node’s journal',
  // Without the tool's own first line: the command line has printed one already.
  details: HELP.slice(HELP.indexOf('\n\n') + 2),
  operands: 'verify|export [WHERE]',
  options: Object.fromEntries(Object.entries(OPTIONS).map(([name, { type }]) => [name, { type, help: '' }])),
  async run(options, { env, signal }, operands) {
    const given = Object.entries(options).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : typeof value === 'string' ? [`--${name}`, value] : [],
    );
    // The launcher's flags hold for it too: its small young generation keeps a long export flat (`npm run bench`).
    const args = [...process.execArgv, TOOL, ...operands, ...given];
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: env as NodeJS.ProcessEnv });
    signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? EXIT.failed;
  },
};
