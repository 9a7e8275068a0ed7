import Link from 'next/link';
import type { ReorgDetail } from '../../server/api/historyViews.ts';
import { count, groupDigits, signed } from '../format.ts';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Panel } from '../parts/Panel.tsx';
import { reorgName, reorgPath } from './ReorgRows.tsx';

type Heads = ReorgDetail['heads'];
const NAMES = [
  ['l1', 'L1 head'],
  ['unsafe', 'L2 unsafe'],
  ['safe', 'L2 safe'],
  ['finalized', 'L2 finalized'],
] as const;

const Head = ({ block }: { block: { readonly number: number; readonly hash: string } | null | undefined }) =>
  block === null || block === undefined ? (
    <NotKnown />
  ) : (
    <span className="num" title={block.hash}>
      {groupDigits(block.number)}
    </span>
  );

/** Where the heads were when it was found, and where when it was over. */
export const HeadsTable = ({ heads }: { heads: Heads }) => (
  <Panel title="Heads before and after">
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1). */}
    <section className="scroller" aria-label="Heads before and after, table" tabIndex={0}>
      <table className="data-table snug">
        <caption className="sr-only">Heads before and after the reorg</caption>
        <thead>
          <tr>
            <th scope="col">Head</th>
            <th scope="col" className="right">
              Before
            </th>
            <th scope="col" className="right">
              After
            </th>
            <th scope="col" className="right">
              Change
            </th>
          </tr>
        </thead>
        <tbody>
          {NAMES.map(([name, word]) => {
            const [before, after] = [heads.before?.[name], heads.after?.[name]];
            return (
              <tr key={name}>
                <th scope="row">{word}</th>
                <td className="right">
                  <Head block={before} />
                </td>
                <td className="right">
                  <Head block={after} />
                </td>
                <td className="right num">{before && after ? signed(after.number - before.number) : '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  </Panel>
);

const ReorgLink = ({ id }: { id: string }) => (
  <Link href={reorgPath(id)} prefetch={false} className="link" title={id}>
    {reorgName(id)}
  </Link>
);

/** What L1 had to do with a reorg of L2. */
const L1BehindL2 = ({ cause, causedBy }: Pick<ReorgDetail, 'cause'> & { causedBy: string | null }) =>
  causedBy !== null ? (
    <p className="blank">
      Caused by L1 reorg <ReorgLink id={causedBy} />, which took back what these L2 blocks stood on. Both
      records tell of the same blocks; the figures of the list count them once.
    </p>
  ) : cause === 'L1_REORG' ? (
    <p className="blank">
      L1 was reorganised, and took back what these L2 blocks stood on:{' '}
      <Link href="/reorgs?layer=L1" prefetch={false} className="link">
        see the reorgs of L1
      </Link>
      .
    </p>
  ) : (
    <p className="blank">
      No L1 block went with it. What L1 did before:{' '}
      <Link href="/reorgs?layer=L1" prefetch={false} className="link">
        see the reorgs of L1
      </Link>
      .
    </p>
  );

interface ContextProps {
  readonly reorg: ReorgDetail;
  readonly causedBy: string | null;
  readonly caused: readonly string[];
}

/** What happened on L1 with it. */
export const L1Context = ({ reorg, causedBy, caused }: ContextProps) => {
  const { cause, layer, droppedL1, droppedBatches, oldTip, newTip, commonAncestor, depth } = reorg;
  return (
    <Panel title="L1 context">
      {layer === 'L2' ? (
        <L1BehindL2 cause={cause} causedBy={causedBy} />
      ) : (
        <dl className="rows">
          <div>
            <dt>Common ancestor</dt>
            <dd>
              {commonAncestor === null ? (
                <NotKnown />
              ) : (
                <>
                  <span className="num">{groupDigits(commonAncestor.number)}</span>{' '}
                  <Hash value={commonAncestor.hash} what="hash of the common L1 ancestor" />
                </>
              )}
            </dd>
          </div>
          <div>
            <dt>Old tip</dt>
            <dd>
              {oldTip === null ? <NotKnown /> : <Hash value={oldTip.hash} what="hash of the old L1 tip" />}
            </dd>
          </div>
          <div>
            <dt>New tip</dt>
            <dd>
              {newTip === null ? <NotKnown /> : <Hash value={newTip.hash} what="hash of the new L1 tip" />}
            </dd>
          </div>
          <div>
            <dt>Dropped</dt>
            <dd className="num">
              {count(depth, 'L1 block')}
              {droppedL1.length === 0
                ? ''
                : `, ${groupDigits(droppedL1[0]!.number)} – ${groupDigits(droppedL1.at(-1)!.number)}`}
            </dd>
          </div>
        </dl>
      )}
      {caused.length === 0 ? null : (
        <p className="batch-links">
          <span className="quiet">L2 reorgs caused, of the same L2 blocks:</span>
          {caused.map((id) => (
            <ReorgLink key={id} id={id} />
          ))}
        </p>
      )}
      <p className="batch-links">
        <span className="quiet">
          {cause === 'MANUAL_RESYNC' ? 'Batches derived again:' : 'Batches dropped:'}
        </span>{' '}
        {droppedBatches.length === 0
          ? 'none'
          : droppedBatches.map((number) => (
              <Link key={number} href={`/batches/${number}`} prefetch={false} className="link num">
                {groupDigits(number)}
              </Link>
            ))}
      </p>
    </Panel>
  );
};
