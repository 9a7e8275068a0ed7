import type { StatusView } from '../../server/api/views.ts';
import { count, groupDigits } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Line } from '../parts/Line.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';

type Observed = NonNullable<StatusView['observed']>;

const Divergence = ({ divergence }: { divergence: NonNullable<Observed['divergence']> }) => (
  <div className="reason" role="alert">
    <p>
      <strong>
        The node parts from L1 at block <span className="num">{groupDigits(divergence.block)}</span>
      </strong>{' '}
      (batch {groupDigits(divergence.batchNumber)}), for <Age at={divergence.since} suffix="" />.
    </p>
    <dl className="rows">
      <Line name="L1 implies">
        <Hash value={divergence.derived} what="hash that L1 implies" />
      </Line>
      <Line name="The node has">
        {divergence.held === null ? (
          <NotKnown why="no such block, although it has later ones" />
        ) : (
          <Hash value={divergence.held} what="hash that the node has" />
        )}
      </Line>
      <Line name="Committed by">
        <Hash value={divergence.commit} what="commit transaction" />
      </Line>
    </dl>
  </div>
);

/** A node that is only watched: where it parts from L1, and what it says of itself that L1 does not. */
export const ObservedPanel = ({ observed }: { observed: StatusView['observed'] }) => {
  if (observed === null) return null;
  const { divergence, missing, beyond, ethrex, health, disagreements } = observed;
  return (
    <Panel title="Observed node" aside={<span className="quiet">watched, never written to</span>}>
      {divergence === null ? (
        <p className="tile-facts">
          <span className="state tone-ok">
            <Icon shape="check" />
            <span>every block that can be judged is the one L1 implies</span>
          </span>
        </p>
      ) : (
        <Divergence divergence={divergence} />
      )}
      <p className="tile-facts num">
        <span>{count(missing, 'confirmed block')} missing there</span>
        <span>{count(beyond, 'block')} beyond L1, not judged yet</span>
        {ethrex === null ? null : <span>its own batch {groupDigits(ethrex.batchNumber)}</span>}
        {health === null ? null : (
          <span>
            <span className="quiet">health</span> {health.ok ? 'ok' : 'not ok'}:{' '}
            <Prose text={health.detail} />
          </span>
        )}
      </p>
      {disagreements.length === 0 ? null : (
        <ul className="evidence">
          {disagreements.map(({ what, node, l1 }) => (
            <li key={what}>
              {what}: the node says <Prose text={node} />, L1 says <Prose text={l1} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
};
