import { describe, expect, it } from 'vitest';
import {
  type Command,
  CommandError,
  EXIT,
  helpOf,
  optionalText,
  parseCommandLine,
  required,
  wholeNumber,
} from './command.ts';

const command: Command = {
  name: 'plumb',
  summary: 'hangs a line',
  details: 'Says more.',
  options: {
    port: { type: 'string', value: 'N', help: 'a port' },
    'very-long-name': { type: 'string', value: 'DIR', help: 'a folder' },
    json: { type: 'boolean', help: 'as JSON' },
    described: { type: 'string', help: '' },
  },
  run: async () => EXIT.ok,
};

/** What a person reads and what a script sees. */
function refusal(work: () => unknown): { sentence: string; exitCode: number } {
  try {
    work();
  } catch (error) {
    if (error instanceof CommandError) return { sentence: error.message, exitCode: error.exitCode };
    throw error;
  }
  throw new Error('it was not refused');
}

describe('options', () => {
  it('are read in both spellings, and absent ones are undefined', () => {
    const { options, operands } = parseCommandLine(command, [
      '--port',
      '3000',
      '--very-long-name=x',
      '--json',
    ]);
    expect({ ...options }).toEqual({ port: '3000', 'very-long-name': 'x', json: true });
    expect(operands).toEqual([]);
    expect(parseCommandLine(command, []).options['json']).toBeUndefined();
  });

  it('may stand among words where a command takes words', () => {
    const { options, operands } = parseCommandLine({ ...command, operands: 'VERB' }, [
      'stop',
      '--json',
      'leader',
    ]);
    expect({ ...options }).toEqual({ json: true });
    expect(operands).toEqual(['stop', 'leader']);
  });

  it.each([
    [['--prot', '1'], "Unknown option '--prot'"],
    [['stray'], "Unexpected argument 'stray'"],
    [['--port'], "Option '--port <value>' argument missing"],
    [['--json=yes'], "Option '--json' does not take an argument"],
    [['--port', '--json'], "Option '--port' argument is ambiguous"],
  ])('%j is refused in one sentence with the way to the help', (args, start) => {
    const { sentence, exitCode } = refusal(() => parseCommandLine(command, args));
    expect(exitCode).toBe(EXIT.usage);
    expect(sentence).toMatch(/See: plumbline plumb --help$/);
    expect(sentence.startsWith(start)).toBe(true);
    expect(sentence).not.toContain('\n');
  });

  it.each([[undefined], ['']])('a required one that is %j is named', (value) => {
    const { sentence, exitCode } = refusal(() => required({ port: value }, 'port', 'plumb'));
    expect(exitCode).toBe(EXIT.usage);
    expect(sentence).toBe('--port is missing. See: plumbline plumb --help');
  });

  it('an optional text is undefined when it is absent or a switch', () => {
    expect(optionalText({}, 'port')).toBeUndefined();
    expect(optionalText({ port: true }, 'port')).toBeUndefined();
    expect(optionalText({ port: '' }, 'port')).toBe('');
  });
});

describe('whole numbers', () => {
  const read = (port: string | undefined) => wholeNumber({ port }, 'port', 42, [0, 65_535]);

  it.each([
    [undefined, 42],
    ['0', 0],
    ['65535', 65_535],
    ['007', 7],
  ])('%j → %i', (text, value) => {
    expect(read(text)).toBe(value);
  });

  it.each(['65536', '-1', '1.5', '0x10', '1e3', '10abc', '', ' ', '٣', '9'.repeat(400)])(
    '%j is refused with the bounds',
    (text) => {
      const { sentence, exitCode } = refusal(() => read(text));
      expect(exitCode).toBe(EXIT.usage);
      expect(sentence).toContain('must be a whole number from 0 to 65535');
    },
  );
});

describe('the help', () => {
  it('names the command, its details and each described option, aligned', () => {
    const lines = helpOf(command).split('\n');
    expect(lines.slice(0, 5)).toEqual(['plumbline plumb — hangs a line', '', 'Says more.', '', 'Options']);
    expect(lines.slice(5)).toEqual([
      '  --port N              a port',
      '  --very-long-name DIR  a folder',
      '  --json                as JSON',
    ]);
  });

  it('has no list where there is nothing to list', () => {
    expect(helpOf({ ...command, options: {} })).toBe('plumbline plumb — hangs a line\n\nSays more.');
  });
});

describe('exit codes', () => {
  it('are those that scripts rely on', () => {
    expect(EXIT).toEqual({ ok: 0, failed: 1, usage: 2, invalidData: 3, notAligned: 4, refused: 5 });
    expect(new CommandError('no').exitCode).toBe(EXIT.failed);
  });
});
