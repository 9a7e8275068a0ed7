'use client';

import { useState } from 'react';
import { useMounted } from '../live/LiveProvider.tsx';
import { CopyButton } from '../parts/Hash.tsx';
import { PageHead } from '../parts/PageHead.tsx';
import { Panel } from '../parts/Panel.tsx';
import { type MetricRow, metricsOf } from './metrics.ts';

export interface RouteRow {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly contentType: string;
  readonly query: readonly string[];
  readonly exports: readonly string[];
}

/** As much of an answer as is worth reading on a page. Characters. */
const SHOWN = 6_000;

const Try = ({ path }: { path: string }) => {
  const [answer, setAnswer] = useState<string | null>(null);
  const ask = async (): Promise<void> => {
    setAnswer('…');
    try {
      const response = await fetch(path, { headers: { accept: 'application/json, text/plain' } });
      const text = await response.text();
      let shown = text;
      try {
        shown = JSON.stringify(JSON.parse(text), null, 2);
      } catch {
        // No JSON: shown as it came.
      }
      setAnswer(`HTTP ${response.status}\n${shown.slice(0, SHOWN)}${shown.length > SHOWN ? '\n…' : ''}`);
    } catch {
      setAnswer('The server did not answer.');
    }
  };
  return (
    <>
      <button type="button" className="button button-small" onClick={() => void ask()}>
        Try
      </button>
      {answer === null ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
        <section className="json" tabIndex={0} aria-label={`Answer of ${path}`}>
          <pre>{answer}</pre>
        </section>
      )}
    </>
  );
};

/** What stands between backticks is code. */
const Coded = ({ text }: { text: string }) =>
  text.split('`').map((part, i) =>
    i % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text keep their places.
      <code key={i} className="mono">
        {part}
      </code>
    ) : (
      part
    ),
  );

const Route = ({ route, origin }: { route: RouteRow; origin: string }) => {
  const varies = route.path.includes('{');
  const streams = route.contentType.includes('event-stream');
  const curl = `curl ${streams ? '-N ' : ''}'${origin}${route.path}'`;
  return (
    <li className="route" data-route={route.id}>
      <p className="route-top">
        <span className="route-method">GET</span> <span className="mono route-path">{route.path}</span>
        <span className="route-summary">{route.summary}</span>
      </p>
      <p className="quiet">
        <Coded text={route.description} />
      </p>
      {route.query.length === 0 ? null : (
        <p className="route-facts">
          <span className="quiet">Query:</span> <span className="mono">{route.query.join(', ')}</span>
        </p>
      )}
      {route.exports.length === 0 ? null : (
        <p className="route-facts">
          <span className="quiet">Also as:</span>{' '}
          {route.exports.map((ending) => (
            <a key={ending} className="link mono" href={`${route.path}.${ending}`}>
              .{ending}
            </a>
          ))}
        </p>
      )}
      <p className="route-facts">
        <code className="mono">{curl}</code>{' '}
        <CopyButton value={curl} what={`the command for ${route.path}`} />{' '}
        <span className="quiet">public</span>
      </p>
      {varies || streams ? null : <Try path={route.path} />}
    </li>
  );
};

const Metrics = () => {
  const [rows, setRows] = useState<readonly MetricRow[] | null>(null);
  const [problem, setProblem] = useState('');
  const load = async (): Promise<void> => {
    try {
      const answer = await fetch('/metrics');
      if (!answer.ok) throw new Error(String(answer.status));
      setRows(metricsOf(await answer.text()));
      setProblem('');
    } catch {
      setProblem('This process offers no metrics.');
    }
  };
  return (
    <Panel
      title="Metrics"
      aside={
        <button type="button" className="button button-small" onClick={() => void load()}>
          {rows === null ? 'Show all metrics' : 'Read again'}
        </button>
      }
    >
      <p className="quiet">
        Prometheus reads <span className="mono">/metrics</span>. Alert rules and a Grafana board are in the
        project’s ops folder.
      </p>
      <p role="status" className="note-line">
        {problem}
      </p>
      {rows === null ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
        <section className="scroller tall-scroller" aria-label="Metrics, table" tabIndex={0}>
          <table className="data-table">
            <caption className="sr-only">Metrics of this node</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Type</th>
                <th scope="col">Meaning</th>
                <th scope="col" className="right">
                  Now
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name}>
                  <th scope="row" className="mono">
                    {row.name}
                  </th>
                  <td>{row.type}</td>
                  <td className="wraps">{row.help}</td>
                  <td className="right num">{row.sample}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
};

/** What may be asked over plain HTTP: made from the table that the server answers from. */
export const ApiDocsPage = ({ routes }: { routes: readonly RouteRow[] }) => {
  const mounted = useMounted();
  const origin = mounted ? window.location.origin : 'http://localhost:3000';
  return (
    <div className="numbers">
      <PageHead title="API" note="Everything here is read-only and public to whoever reaches this server.">
        <a className="button" href="/api/v1/openapi.json">
          openapi.json
        </a>
      </PageHead>
      <Panel title="Endpoints">
        <ul className="routes">
          {routes.map((route) => (
            <Route key={route.id} route={route} origin={origin} />
          ))}
        </ul>
      </Panel>
      <Metrics />
    </div>
  );
};
