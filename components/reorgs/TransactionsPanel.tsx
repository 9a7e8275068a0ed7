import type { ReorgDetail } from '../../server/api/historyViews.ts';
import { groupDigits } from '../format.ts';
import { useNarrow } from '../lists/useNarrow.ts';
import { ExplorerLink } from '../parts/ExplorerLink.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Panel } from '../parts/Panel.tsx';
import { FATE_WORDS, nonceWord } from '../words.ts';
import { allCameBack } from './explain.ts';
import { FATE_ORDER } from './ReorgRows.tsx';

const Place = ({ block }: { block: { readonly number: number; readonly hash: string } | null }) =>
  block === null ? (
    <span className="quiet">–</span>
  ) : (
    <span className="num" title={block.hash}>
      {groupDigits(block.number)}
    </span>
  );

const byFate = (a: ReorgDetail['transactions'][number], b: ReorgDetail['transactions'][number]): number =>
  FATE_ORDER.indexOf(a.fate) - FATE_ORDER.indexOf(b.fate);

type Transaction = ReorgDetail['transactions'][number];

const FateState = ({ fate }: Pick<Transaction, 'fate'>) => {
  const { shape, tone, word, sentence } = FATE_WORDS[fate];
  return (
    <span className={`state tone-${tone}`} title={sentence}>
      <Icon shape={shape} />
      <span>{word}</span>
    </span>
  );
};

const Sender = ({ from }: Pick<Transaction, 'from'>) =>
  from === null ? <NotKnown /> : <Hash value={from} what="sender" copy={false} />;

const Rows = ({ transactions }: { transactions: readonly Transaction[] }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
  <section className="scroller tall-scroller wide-only" aria-label="Transactions, table" tabIndex={0}>
    <table className="data-table">
      <caption className="sr-only">Transactions of the orphaned blocks and what became of them</caption>
      <thead>
        <tr>
          <th scope="col">Transaction</th>
          <th scope="col">From</th>
          <th scope="col" className="right">
            Nonce
          </th>
          <th scope="col" className="right">
            Old block
          </th>
          <th scope="col" className="right">
            New block
          </th>
          <th scope="col">Fate</th>
        </tr>
      </thead>
      <tbody>
        {transactions.map((one) => (
          <tr key={one.hash} data-fate={one.fate}>
            <th scope="row">
              <Hash value={one.hash} what="hash of the transaction" />
              <ExplorerLink kind="l2Tx" id={one.hash} what="transaction" />
            </th>
            <td>
              <Sender from={one.from} />
            </td>
            <td className="right num">{nonceWord(one) ?? <NotKnown />}</td>
            <td className="right">
              <Place block={one.oldBlock} />
            </td>
            <td className="right">
              <Place block={one.newBlock} />
            </td>
            <td>
              <FateState fate={one.fate} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

const Cards = ({ transactions }: { transactions: readonly Transaction[] }) => (
  <ol className="cards narrow-only" aria-label="Transactions of the orphaned blocks">
    {transactions.map((one) => (
      <li key={one.hash} className="card" data-fate={one.fate}>
        <p className="card-top">
          <span>
            <Hash value={one.hash} what="hash of the transaction" />
            <ExplorerLink kind="l2Tx" id={one.hash} what="transaction" />
          </span>
          <FateState fate={one.fate} />
        </p>
        <p className="card-line">
          <span className="quiet">from</span> <Sender from={one.from} /> ·{' '}
          <span className="quiet">nonce</span> <span className="num">{nonceWord(one) ?? <NotKnown />}</span>
        </p>
        <p className="card-line">
          <span className="quiet">old block</span> <Place block={one.oldBlock} /> ·{' '}
          <span className="quiet">new block</span> <Place block={one.newBlock} />
        </p>
      </li>
    ))}
  </ol>
);

/** The fate of each transaction that was in an orphaned block; those that are lost come first. */
export const TransactionsPanel = ({ reorg, summary }: { reorg: ReorgDetail; summary: string | null }) => {
  const { transactions, transactionCount, transactionsNote } = reorg;
  const narrow = useNarrow();
  const sorted = transactions.toSorted(byFate);
  return (
    <Panel
      title="Transactions"
      aside={summary === null ? null : <span className="quiet num">{summary}</span>}
    >
      {transactions.length === 0 ? (
        <p className="blank">
          {transactionCount === 0
            ? 'The orphaned blocks held no transaction.'
            : allCameBack(reorg)
              ? 'Every block came back as it was, with its transactions.'
              : `Not known${transactionsNote === null ? '' : `: ${transactionsNote}`}.`}
        </p>
      ) : (
        <>
          {narrow === true ? null : <Rows transactions={sorted} />}
          {narrow === false ? null : <Cards transactions={sorted} />}
        </>
      )}
      {transactions.length > 0 && transactionCount === null && transactionsNote !== null ? (
        <p className="quiet">These are not all: {transactionsNote}.</p>
      ) : null}
      {transactionCount !== null && transactionCount > transactions.length ? (
        <p className="quiet">
          {groupDigits(transactions.length)} of {groupDigits(transactionCount)} are listed in the record.
        </p>
      ) : null}
    </Panel>
  );
};
