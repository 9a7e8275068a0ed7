import { beforeEach, describe, expect, it } from 'vitest';
import { chaosHandle } from '../devnet/chaos/handle.ts';
import { VERBS } from '../devnet/chaos/verbTable.ts';
import type { DevnetHandle, NodeHandle } from '../runtime.ts';
import { createScriptedNode } from '../testing/scriptedNode.ts';
import { answerChaos, answerVerbs, devnetVerbs } from './devnet.ts';
import { devnetAnswer, devnetVerbView } from './nodeViews.ts';

const URL_OF_PAGE = 'http://localhost:3000/api/v1/devnet/chaos';

let asked: unknown[] = [];
let ok = true;
const devnet: DevnetHandle = {
  verbs: () => chaosHandle('none.json').verbs(),
  run: async (verb, args) => {
    asked.push({ verb, args });
    return { ok, sentence: ok ? 'Done.' : 'Nobody leads.' };
  },
};
const alone = createScriptedNode('aligned');
const member: NodeHandle = { ...createScriptedNode('aligned'), devnet };

beforeEach(() => {
  asked = [];
  ok = true;
});

const post = (over: { headers?: Record<string, string | undefined>; body?: string } = {}): Request => {
  const headers = {
    host: 'localhost:3000',
    origin: 'http://localhost:3000',
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/json',
    ...over.headers,
  };
  const given = Object.entries(headers).filter((row): row is [string, string] => row[1] !== undefined);
  return new Request(URL_OF_PAGE, { method: 'POST', headers: given, body: over.body ?? '{"verb":"stop"}' });
};

describe('the chaos route', () => {
  it('is not there in a process that is no devnet', async () => {
    for (const node of [null, alone]) {
      expect(answerVerbs(node).status).toBe(404);
      expect((await answerChaos(node, post())).status).toBe(404);
      expect(devnetVerbs(node)).toEqual([]);
    }
  });

  it('lists every verb with what it takes', async () => {
    const { verbs } = (await answerVerbs(member).json()) as { verbs: { name: string }[] };
    expect(verbs.map(({ name }) => name)).toEqual(Object.keys(VERBS));
    for (const verb of verbs) expect(devnetVerbView.safeParse(verb).error?.issues).toBeUndefined();
    expect(verbs).toContainEqual({
      name: 'reorg',
      summary: VERBS.reorg.summary,
      args: [
        { kind: 'number', name: 'depth', default: 3, min: 1, max: 1_000 },
        { kind: 'choice', name: 'transactions', default: 'keep', choices: ['keep', 'drop'] },
      ],
    });
  });

  it('runs a verb of its own page, and says what became of it', async () => {
    const body = JSON.stringify({ verb: 'reorg', args: { depth: 5 } });
    const answer = await answerChaos(member, post({ body }));
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true, sentence: 'Done.' }]);
    expect(asked).toEqual([{ verb: 'reorg', args: { depth: 5 } }]);
    ok = false;
    const refused = await answerChaos(member, post());
    expect([refused.status, await refused.json()]).toEqual([409, { ok: false, sentence: 'Nobody leads.' }]);
  });

  it('takes a page whose browser sends no Sec-Fetch-Site', async () => {
    expect((await answerChaos(member, post({ headers: { 'sec-fetch-site': undefined } }))).status).toBe(200);
  });

  it.each<[string, number, Parameters<typeof post>[0]]>([
    ['without an Origin', 403, { headers: { origin: undefined } }],
    ['of a page without a name', 403, { headers: { origin: 'null' } }],
    ['of another page', 403, { headers: { origin: 'http://elsewhere.example' } }],
    ['of a page at another port', 403, { headers: { origin: 'http://localhost:3001' } }],
    ['of a page of another kind', 403, { headers: { origin: 'ftp://localhost:3000' } }],
    ['of the same site, another origin', 403, { headers: { 'sec-fetch-site': 'same-site' } }],
    ['across sites', 403, { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['of nobody', 403, { headers: { 'sec-fetch-site': 'none' } }],
    ['of a form', 415, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['as text', 415, { headers: { 'content-type': 'text/plain' } }],
    ['without a type', 415, { headers: { 'content-type': '' } }],
    ['that is too large', 413, { body: JSON.stringify({ verb: 'x'.repeat(4_096) }) }],
    ['that is no JSON', 400, { body: '{' }],
    ['that is empty', 400, { body: '' }],
    ['without a verb', 400, { body: '{}' }],
    ['with a verb that is none', 400, { body: '{"verb":"__proto__"}' }],
    ['with more than verb and arguments', 400, { body: '{"verb":"stop","token":"x"}' }],
    ['with arguments that nest', 400, { body: '{"verb":"stop","args":{"node":{"a":1}}}' }],
  ])('refuses a request %s with %i and one sentence, and does nothing', async (_, status, over) => {
    const answer = await answerChaos(member, post(over));
    const said = devnetAnswer.parse(await answer.json());
    expect([answer.status, said.ok]).toEqual([status, false]);
    expect(said.sentence).toMatch(/^[A-Z].*\.$/);
    expect(asked).toEqual([]);
  });
});
