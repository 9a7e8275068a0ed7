import type { ReorgDetail } from '../../server/api/historyViews.ts';
import { groupDigits } from '../format.ts';
import { ExplorerLink } from '../parts/ExplorerLink.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Panel } from '../parts/Panel.tsx';
import { FATE_WORDS, nonceWord } from '../words.ts';
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

/** The fate of each transaction that was in an orphaned block; those that are lost come first. */
export const TransactionsPanel = ({ reorg, summary }: { reorg: ReorgDetail; summary: string | null }) => {
  const { transactions, transactionCount, transactionsNote } = reorg;
  return (
    <Panel
      title="Transactions"
      aside={summary === null ? null : <span className="quiet num">{summary}</span>}
    >
      {transactions.length === 0 ? (
        <p className="blank">
          {transactionCount === 0
            ? 'The orphaned blocks held no transaction.'
            : `Not known${transactionsNote === null ? '' : `: ${transactionsNote}`}.`}
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
        <section className="scroller tall-scroller" aria-label="Transactions, table" tabIndex={0}>
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
              {transactions.toSorted(byFate).map((one) => {
                const fate = FATE_WORDS[one.fate];
                return (
                  <tr key={one.hash} data-fate={one.fate}>
                    <th scope="row">
                      <Hash value={one.hash} what="hash of the transaction" />
                      <ExplorerLink kind="l2Tx" id={one.hash} what="transaction" />
                    </th>
                    <td>
                      {one.from === null ? (
                        <NotKnown />
                      ) : (
                        <Hash value={one.from} what="sender" copy={false} />
                      )}
                    </td>
                    <td className="right num">{nonceWord(one) ?? <NotKnown />}</td>
                    <td className="right">
                      <Place block={one.oldBlock} />
                    </td>
                    <td className="right">
                      <Place block={one.newBlock} />
                    </td>
                    <td title={fate.sentence}>
                      <span className={`state tone-${fate.tone}`}>
                        <Icon shape={fate.shape} />
                        <span>{fate.word}</span>
                      </span>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
      {transactionCount !== null && transactionCount > transactions.length ? (
        <p className="quiet">
          {groupDigits(transactions.length)} of {groupDigits(transactionCount)} are listed in the record.
        </p>
      ) : null}
    </Panel>
  );
};
