import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { describeOptions, flagOptions } from './config/help.ts';
import { COMMON_KEYS, type ConfigKey, FOLLOW_KEYS } from './config/keys.ts';
import { nearest } from './config/nearest.ts';
import { type Config, loadCommonConfig, loadConfig } from './config.ts';

const cwd = mkdtempSync(join(tmpdir(), 'plumbline-config-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
writeFileSync(join(cwd, 'l2.json'), '{}');

const PROPOSER = '0x5fbdb2315678afecb367f032d93f642f64180aa3';
const REGISTRY = '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512';
const BRIDGE = '0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0';
const ZERO = `0x${'0'.repeat(40)}`;
const minimal = {
  PLUMBLINE_L1_RPC_URL: 'http://127.0.0.1:8545',
  PLUMBLINE_ON_CHAIN_PROPOSER: PROPOSER,
  PLUMBLINE_GENESIS: 'l2.json',
};
type Env = Record<string, string>;

function read(env: Env, flags: Env = {}): Config {
  const result = loadConfig({ env: { ...minimal, ...env }, flags, cwd });
  if (!result.ok) throw new Error(result.error.map((error) => error.message).join('\n'));
  return result.value;
}

function messages(env: Env, flags: Env = {}, base: Env = minimal): string[] {
  const result = loadConfig({ env: { ...base, ...env }, flags, cwd });
  return result.ok ? [] : result.error.map((error) => error.message);
}

describe('configuration', () => {
  it('needs only the L1, the contract and the genesis; the rest has defaults, paths are absolute', () => {
    const config = read({});
    expect(config).toMatchObject({
      name: 'plumbline',
      dataDir: join(cwd, '.plumbline'),
      http: { host: '127.0.0.1', port: 3000 },
      log: { level: 'info', format: 'pretty' },
      pollMs: 2000,
      l1: { wsUrl: null, beaconUrl: null, startBlock: null },
      contracts: { onChainProposer: PROPOSER, sequencerRegistry: null, bridge: null },
      genesisFile: join(cwd, 'l2.json'),
      engine: { kind: 'embedded' },
      sequencerAddress: null,
    });
    expect(config.l1.rpcUrls.map((url) => url.reveal())).toEqual(['http://127.0.0.1:8545']);
  });

  it("accepts the .env that ethrex's deployer writes as it is", () => {
    writeFileSync(
      join(cwd, 'ethrex.env'),
      [
        '# written by the deployer',
        `ETHREX_COMMITTER_ON_CHAIN_PROPOSER_ADDRESS=${PROPOSER}`,
        `ETHREX_WATCHER_BRIDGE_ADDRESS="${BRIDGE}"`,
        `ETHREX_DEPLOYER_SEQUENCER_REGISTRY_ADDRESS=${REGISTRY}`,
        `ETHREX_TIMELOCK_ADDRESS=${ZERO}`,
        'ETHREX_ETH_RPC_URL=http://one:8545,http://two:8545',
        '',
      ].join('\r\n'),
    );
    const result = loadConfig({ flags: { 'env-file': 'ethrex.env', genesis: 'l2.json' }, env: {}, cwd });
    expect(result).toMatchObject({
      ok: true,
      value: { contracts: { onChainProposer: PROPOSER, sequencerRegistry: REGISTRY, bridge: BRIDGE } },
    });
    if (result.ok) expect(result.value.l1.rpcUrls.map((url) => url.host)).toEqual(['one:8545', 'two:8545']);
  });

  it('reads the zero address of a contract that was not deployed as none', () => {
    const { contracts } = read({
      ETHREX_DEPLOYER_SEQUENCER_REGISTRY_ADDRESS: ZERO,
      ETHREX_WATCHER_BRIDGE_ADDRESS: ZERO,
    });
    expect(contracts).toMatchObject({ sequencerRegistry: null, bridge: null });
  });

  it('lets flags win over the environment, that over the JSON file, that over the .env file, and each over defaults', () => {
    writeFileSync(join(cwd, 'a.json'), '{"port": 3, "name": "json", "pollMs": 300, "dataDir": "json"}');
    writeFileSync(
      join(cwd, 'a.env'),
      'PLUMBLINE_PORT=4\nPLUMBLINE_NAME=file\nPLUMBLINE_POLL_MS=400\nPLUMBLINE_LOG_LEVEL=warn',
    );
    const sources = {
      PLUMBLINE_CONFIG: 'a.json',
      PLUMBLINE_ENV_FILE: 'a.env',
      PLUMBLINE_PORT: '2',
      PLUMBLINE_NAME: 'env',
    };
    const config = read(sources, { port: '1' });
    expect(config).toMatchObject({
      http: { port: 1 },
      name: 'env',
      pollMs: 300,
      log: { level: 'warn', format: 'pretty' },
    });
  });

  it('takes empty text for not set, and our own name before that of ethrex', () => {
    expect(read({ PLUMBLINE_PORT: '', PLUMBLINE_L1_WS_URL: ' ' })).toMatchObject({
      http: { port: 3000 },
      l1: { wsUrl: null },
    });
    expect(read({ ETHREX_COMMITTER_ON_CHAIN_PROPOSER_ADDRESS: BRIDGE }).contracts.onChainProposer).toBe(
      PROPOSER,
    );
  });

  it('cannot be changed afterwards', () => {
    const config = read({});
    expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.l1.rpcUrls, { 0: null })).toThrow(TypeError);
  });

  it('reports all that is wrong at once: key, origin, value, what was expected and an example', () => {
    expect(messages({}, {}, {})).toEqual([
      expect.stringMatching(
        /^PLUMBLINE_L1_RPC_URL \(--l1-rpc-url\) is not set: .*Example: PLUMBLINE_L1_RPC_URL=http/,
      ),
      expect.stringMatching(/^PLUMBLINE_ON_CHAIN_PROPOSER \(--on-chain-proposer\) is not set: /),
      expect.stringMatching(/^PLUMBLINE_GENESIS \(--genesis\) is not set: /),
    ]);
    expect(
      messages({ PLUMBLINE_PORT: '65536', PLUMBLINE_GENESIS: 'none.json' }, { 'log-level': 'loud' }),
    ).toEqual([
      'PLUMBLINE_PORT from the environment is "65536": expected a port, a whole number from 0 to 65535. Example: 3000',
      '--log-level from the command line is "loud": expected one of debug, info, warn, error. Example: debug',
      'PLUMBLINE_GENESIS names none.json, which does not exist: check the path.',
    ]);
  });

  it.each([
    ['PLUMBLINE_NAME', ['', 'two words', 'x'.repeat(65), 'a\nb'].slice(1)],
    ['PLUMBLINE_HOST', ['http://x', 'a b', '127.0.0.1/8']],
    ['PLUMBLINE_PORT', ['-1', '1.5', '0x50', '3000 ports', '65536']],
    ['PLUMBLINE_LOG_FORMAT', ['JSON', 'xml']],
    ['PLUMBLINE_POLL_MS', ['49', '600001', '1e3', '2s']],
    ['PLUMBLINE_L1_RPC_URL', ['localhost:8545', 'ws://host', 'http://ok:1,', 'http://ok:1,ftp://x']],
    ['PLUMBLINE_L1_WS_URL', ['http://host', 'host']],
    ['PLUMBLINE_BEACON_URL', ['ws://host', '/eth/v1']],
    [
      'PLUMBLINE_ON_CHAIN_PROPOSER',
      ['0x12', PROPOSER.slice(2), ZERO, '0x5FbDB2315678afecb367f032d93F642f64180aa4', `${PROPOSER}00`],
    ],
    ['PLUMBLINE_L1_START_BLOCK', ['-1', 'latest', '9999999999999999']],
    ['PLUMBLINE_ENGINE_URL', ['ipc:///x', '8551']],
  ])('%s refuses what it cannot mean, in one sentence with the name', (name, values) => {
    for (const value of values) {
      const found = messages({ [name]: value });
      expect(
        found.some((message) => message.startsWith(`${name} from the environment is `)),
        `${name}=${value}`,
      ).toBe(true);
      for (const message of found) expect(message).not.toContain('\n');
    }
  });

  it('accepts addresses in one case or with the right checksum, and keeps them in lower case', () => {
    for (const written of [
      '0x5FbDB2315678afecb367f032d93F642f64180aa3',
      `0x${PROPOSER.slice(2).toUpperCase()}`,
      PROPOSER,
    ]) {
      expect(read({ PLUMBLINE_ON_CHAIN_PROPOSER: written }).contracts.onChainProposer).toBe(PROPOSER);
    }
  });

  it('reports a misspelt name with the one that was meant, wherever it stands', () => {
    writeFileSync(join(cwd, 'typo.json'), '{"prot": 3000}');
    writeFileSync(join(cwd, 'typo.env'), 'PLUMBLINE_DATADIR=x');
    expect(
      messages({
        PLUMBLINE_L1_RPCURL: 'http://x',
        PLUMBLINE_CONFIG: 'typo.json',
        PLUMBLINE_ENV_FILE: 'typo.env',
      }),
    ).toEqual([
      'PLUMBLINE_L1_RPCURL (from the environment) is not an option. Did you mean PLUMBLINE_L1_RPC_URL?',
      'prot (from typo.json) is not an option. Did you mean port?',
      'PLUMBLINE_DATADIR (from typo.env) is not an option. Did you mean PLUMBLINE_DATA_DIR?',
    ]);
    expect(messages({ PLUMBLINE_FIXTURES: 'x', PLUMBLINE_CHROMIUM: 'y', PATH: 'z' })).toEqual([]);
    expect(nearest('something else entirely', ['PLUMBLINE_PORT'])).toBeNull();
  });

  it.each(['no file', 'not JSON', 'a list', 'a nested value'])(
    'says in one sentence when the JSON file is %s',
    (what) => {
      const content = { 'not JSON': '{', 'a list': '[1]', 'a nested value': '{"port": {}}' }[what];
      const name = `bad-${what.replace(/ /g, '-')}.json`;
      if (content !== undefined) writeFileSync(join(cwd, name), content);
      const found = messages({}, { config: name });
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(name);
    },
  );
});

describe('secrets in the configuration', () => {
  it('signs webhooks: a URL without a key, a key without a URL and a key that others can read are refused', () => {
    const key = (name: string, mode: number, text = 'k'.repeat(32)): string => {
      writeFileSync(join(cwd, name), text, { mode });
      return name;
    };
    const webhook = (env: Record<string, string>) =>
      loadConfig({ env: { ...minimal, ...env }, flags: {}, cwd });
    const url = { PLUMBLINE_WEBHOOK_URL: 'https://sink.example/secret-path' };
    const good = webhook({ ...url, PLUMBLINE_WEBHOOK_SECRET_FILE: key('hook.key', 0o600) });
    expect(good.ok && good.value.webhook?.secret.reveal()).toBe('k'.repeat(32));
    expect(webhook({})).toMatchObject({ ok: true, value: { webhook: null } });
    for (const [env, says] of [
      [url, /PLUMBLINE_WEBHOOK_SECRET_FILE is not set/],
      [{ PLUMBLINE_WEBHOOK_SECRET_FILE: 'hook.key' }, /nothing to sign/],
      [{ ...url, PLUMBLINE_WEBHOOK_SECRET_FILE: key('open.key', 0o644) }, /mode 0644/],
      [
        { ...url, PLUMBLINE_WEBHOOK_SECRET_FILE: key('short.key', 0o600, 'short') },
        /fewer than 32 characters/,
      ],
    ] as const) {
      const result = webhook(env);
      expect(result.ok ? [] : result.error.map(({ message }) => message)).toEqual([
        expect.stringMatching(says),
      ]);
    }
  });

  const jwt = 'ab'.repeat(32);
  const file = (name: string, content: string, mode = 0o600): string => {
    writeFileSync(join(cwd, name), content);
    chmodSync(join(cwd, name), mode);
    return name;
  };
  const engine = (jwtFile: string) => ({
    PLUMBLINE_ENGINE_URL: 'http://engine:8551',
    PLUMBLINE_JWT_SECRET_FILE: jwtFile,
  });

  it('reads the secret of a remote engine from a file that only its owner can read', () => {
    for (const [name, content] of [
      ['a.hex', jwt],
      ['b.hex', `0x${jwt}\n`],
    ] as const) {
      const config = read(engine(file(name, content)));
      expect(config.engine.kind).toBe('remote');
      if (config.engine.kind === 'remote')
        expect(config.engine.jwtSecret.reveal()).toEqual(new Uint8Array(32).fill(0xab));
    }
  });

  it.each([
    [
      'is readable by the group',
      () => file('group.hex', jwt, 0o640),
      'can be read by other users (mode 0640)',
    ],
    ['is readable by all', () => file('world.hex', jwt, 0o604), 'can be read by other users (mode 0604)'],
    ['is missing', () => 'absent.hex', 'cannot be read (ENOENT)'],
    ['is a folder', () => '.', 'cannot be read (EISDIR)'],
    ['is too short', () => file('short.hex', jwt.slice(2)), 'does not hold 32 bytes'],
    ['is too long', () => file('long.hex', `${jwt}00`), 'does not hold 32 bytes'],
    ['is not hex', () => file('text.hex', 'z'.repeat(64)), 'does not hold 32 bytes'],
  ])('refuses a secret file that %s, without repeating it', (_what, make, expected) => {
    const found = messages(engine(make()));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^PLUMBLINE_JWT_SECRET_FILE names /);
    expect(found[0]).toContain(expected);
    expect(found[0]).not.toContain(jwt.slice(0, 16));
  });

  it('wants both or neither of engine URL and secret', () => {
    expect(messages({ PLUMBLINE_ENGINE_URL: 'http://engine:8551' })[0]).toMatch(
      /^PLUMBLINE_JWT_SECRET_FILE is not set, but/,
    );
    expect(messages({ PLUMBLINE_JWT_SECRET_FILE: 'x' })[0]).toMatch(
      /is set, but PLUMBLINE_ENGINE_URL is not/,
    );
    expect(
      messages({ PLUMBLINE_ENGINE_URL: 'nonsense', PLUMBLINE_JWT_SECRET_FILE: file('c.hex', jwt) }),
    ).toHaveLength(1);
  });

  it('shows no part of a URL or secret that may be a key, however the configuration is printed', () => {
    const urls = {
      PLUMBLINE_L1_RPC_URL: 'https://u:hunter2@l1.example/hunter2?k=hunter2',
      PLUMBLINE_L1_WS_URL: 'wss://l1.example/hunter2',
      PLUMBLINE_BEACON_URL: 'https://beacon.example/hunter2',
      ...engine(file('d.hex', jwt)),
    };
    const config = read(urls);
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${config.l1.rpcUrls}`,
    ];
    for (const text of printed) {
      expect(text).not.toContain('hunter2');
      expect(text).not.toContain('171, 171');
    }
    expect(printed[0]).toContain('https://l1.example/***');
  });

  it('shows no bad URL in an error either', () => {
    for (const name of ['L1_RPC_URL', 'L1_WS_URL', 'BEACON_URL', 'ENGINE_URL']) {
      const found = messages({ [`PLUMBLINE_${name}`]: 'htp://u:hunter2@host/hunter2' });
      expect(found.join()).toContain(`PLUMBLINE_${name}`);
      expect(found.join()).not.toContain('hunter2');
    }
  });
});

describe('the table of keys', () => {
  const keys = [...Object.values<ConfigKey>(COMMON_KEYS), ...Object.values<ConfigKey>(FOLLOW_KEYS)];

  it('has a default and an example for each key that the key itself accepts', () => {
    for (const key of keys) {
      expect(key.schema.safeParse(key.example).success, `${key.env} example`).toBe(true);
      if (key.default !== null)
        expect(key.schema.safeParse(key.default).success, `${key.env} default`).toBe(true);
    }
  });

  it('names each key once', () => {
    const names = keys.flatMap((key) => [key.env, ...(key.aliases ?? []), key.flag]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('is what --help prints and parseArgs is told', () => {
    const help = describeOptions('follow');
    for (const key of keys) {
      expect(help).toContain(`--${key.flag} <value>   ${key.env}`);
      expect(help).toContain(key.description);
      expect(flagOptions('follow')[key.flag]).toEqual({ type: 'string' });
    }
    expect(flagOptions('common')['l1-rpc-url']).toBeUndefined();
  });

  it('is enough for commands that bring their own L1', () => {
    const result = loadCommonConfig({ env: { PLUMBLINE_PORT: '0' }, flags: { 'data-dir': '/x' }, cwd });
    expect(result).toMatchObject({ ok: true, value: { http: { port: 0 }, dataDir: '/x' } });
  });
});

describe('several L1 nodes, and a node to observe', () => {
  it('how far L1 nodes are believed is left to their number unless it is said', () => {
    expect(read({}).l1).toMatchObject({ agree: null, trust: null, genesisHash: null });
    const hash = `0x${'Ab'.repeat(32)}`;
    const said = read({}, { 'l1-agree': '1', 'l1-trust': 'none', 'l1-genesis-hash': hash });
    expect(said.l1).toMatchObject({ agree: 1, trust: 'none', genesisHash: hash.toLowerCase() });
    expect(messages({ PLUMBLINE_L1_AGREE: '3' })[0]).toMatch(/from 1 to 2/);
    expect(messages({ PLUMBLINE_L1_TRUST: 'some' })[0]).toMatch(/one of all, none/);
    expect(messages({ PLUMBLINE_L1_GENESIS_HASH: '0x12' })[0]).toMatch(/32 bytes/);
  });

  it('a node is observed or driven, not both', () => {
    const { engine } = read(
      {},
      { observe: 'http://node:1729/key', 'observe-health-url': 'http://node:5555/health' },
    );
    expect(engine.kind).toBe('observed');
    expect(inspect(engine)).not.toContain('key');
    expect(
      messages({ PLUMBLINE_OBSERVE: 'http://node:1729', PLUMBLINE_ENGINE_URL: 'http://engine:8551' })[0],
    ).toMatch(
      /PLUMBLINE_ENGINE_URL is set, and so is PLUMBLINE_OBSERVE: a node is driven or observed, not both/,
    );
  });
});
