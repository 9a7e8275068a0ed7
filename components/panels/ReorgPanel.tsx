import Link from 'next/link';
import { memo } from 'react';
import type { ReorgView } from '../../server/api/views.ts';
import { count, groupDigits } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { Icon } from '../parts/Icon.tsx';
import { MoreLink } from '../parts/MoreLink.tsx';
import { Panel } from '../parts/Panel.tsx';
import { recoveredWords } from '../reorgs/explain.ts';
import { CAUSE_WORDS } from '../words.ts';

const SHOWN = 4;

const Row = ({ reorg }: { reorg: ReorgView }) => (
  <li className="reorg" data-reorg={reorg.id}>
    <p className="reorg-top">
      <span className="tone-reorg">
        <Icon shape="bolt" />
      </span>
      <Link href={`/reorgs/${encodeURIComponent(reorg.id)}`} prefetch={false} className="link">
        <strong>
          {reorg.layer} reorg, depth <span className="num">{groupDigits(reorg.depth)}</span>
        </strong>
      </Link>
      <Age at={reorg.detectedAt} className="quiet push" />
    </p>
    <p className="reorg-line">
      {CAUSE_WORDS[reorg.cause]} <span className="mono quiet">{reorg.cause}</span>
    </p>
    <p className="reorg-line quiet">
      after {reorg.layer} <span className="num">{groupDigits(reorg.commonAncestor.number)}</span>
      {reorg.droppedBatches.length === 0
        ? ''
        : ` · ${count(reorg.droppedBatches.length, 'batch', 'batches')} ${reorg.cause === 'MANUAL_RESYNC' ? 'derived again' : 'dropped'}`}
      {reorg.droppedL2Count === 0 ? '' : ` · ${count(reorg.droppedL2Count, 'L2 block')} replaced`}
    </p>
    <p className={`reorg-line tone-${reorg.recoveredAt === null ? 'reorg' : 'ok'}`}>
      <Icon shape={reorg.recoveredAt === null ? 'quarter' : 'check'} />
      {recoveredWords(reorg)}
    </p>
  </li>
);

/** The last reorgs; when there were none, since when somebody has been watching. */
export const ReorgPanel = memo(
  ({ reorgs, watchingSince }: { reorgs: readonly ReorgView[]; watchingSince: number }) => (
    <Panel
      title="Reorgs"
      aside={
        <span className="panel-tools">
          {reorgs.length === 0 ? null : (
            <span className="quiet num">
              {reorgs.length} · deepest {Math.max(...reorgs.map((reorg) => reorg.depth))}
            </span>
          )}
          <MoreLink to="/reorgs">All reorgs</MoreLink>
        </span>
      }
    >
      {reorgs.length === 0 ? (
        <p className="blank">
          None seen in <Age at={watchingSince} suffix="" /> of watching.
        </p>
      ) : (
        <ol className="reorgs">
          {reorgs.slice(0, SHOWN).map((reorg) => (
            <Row key={reorg.id} reorg={reorg} />
          ))}
        </ol>
      )}
    </Panel>
  ),
);
ReorgPanel.displayName = 'ReorgPanel';
