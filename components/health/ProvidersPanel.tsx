import type { StatusView } from '../../server/api/views.ts';
import { duration, groupDigits } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';
import type { Shape, Tone } from '../words.ts';

type Provider = StatusView['l1Providers'][number];

const STATES: Record<Provider['state'], { word: string; shape: Shape; tone: Tone }> = {
  good: { word: 'good', shape: 'check', tone: 'ok' },
  failing: { word: 'failing', shape: 'cross', tone: 'stop' },
  limited: { word: 'limited', shape: 'triangle', tone: 'warn' },
  benched: { word: 'benched', shape: 'square', tone: 'stop' },
  probation: { word: 'on probation', shape: 'quarter', tone: 'warn' },
  wrong_chain: { word: 'wrong chain', shape: 'cross', tone: 'stop' },
};

const Row = ({ provider }: { provider: Provider }) => {
  const { word, shape, tone } = STATES[provider.state];
  return (
    <>
      <tr className={provider.reason === null ? '' : 'has-reason'} data-provider={provider.host}>
        <th scope="row">
          {provider.host} {provider.current ? <span className="us">★ in use</span> : null}
        </th>
        <td>
          <span className={`state tone-${tone}`}>
            <Icon shape={shape} />
            <span>{word}</span>
          </span>
        </td>
        <td className="num">
          {provider.head === null ? <NotKnown /> : groupDigits(provider.head.number)}
          {provider.lag === null || provider.lag === 0 ? '' : ` (−${groupDigits(provider.lag)})`}
        </td>
        <td className="num">{provider.latencyMs === null ? <NotKnown /> : duration(provider.latencyMs)}</td>
        <td className="num">{Math.round(provider.errorRate * 100)} %</td>
        <td className="num">
          {provider.lastAnswerAt === null ? <NotKnown why="never" /> : <Age at={provider.lastAnswerAt} />}
        </td>
      </tr>
      {provider.reason === null ? null : (
        <tr className="reason-row">
          <td colSpan={6}>
            <p className="reason">
              <Prose text={provider.reason} />
            </p>
          </td>
        </tr>
      )}
    </>
  );
};

const ENGINE_OK: readonly string[] = ['ONLINE', 'SYNCED'];

/** What the node rests on: the L1 endpoints, each by its own record, and the execution engine. */
export const ProvidersPanel = ({ status }: { status: StatusView }) => {
  const { l1Providers, engine, node } = status;
  if (l1Providers.length === 0 && engine === null) return null;
  return (
    <Panel title="What the node rests on">
      {l1Providers.length === 0 ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
        <section className="scroller" aria-label="L1 endpoints, table" tabIndex={0}>
          <table className="data-table">
            <caption className="sr-only">L1 endpoints</caption>
            <thead>
              <tr>
                {['L1 endpoint', 'State', 'Head', 'Latency', 'Errors', 'Last answer'].map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {l1Providers.map((provider) => (
                <Row key={provider.host} provider={provider} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {engine === null ? null : (
        <p className="tile-facts">
          <span className={`state tone-${ENGINE_OK.includes(engine.state) ? 'ok' : 'warn'}`}>
            <Icon shape={ENGINE_OK.includes(engine.state) ? 'check' : 'triangle'} />
            <span className="mono">{engine.state}</span>
          </span>
          <span>
            engine {node.engine}, for <Age at={engine.since} suffix="" />
          </span>
          <span className="quiet">
            <Prose text={engine.reason} />
          </span>
        </p>
      )}
    </Panel>
  );
};
