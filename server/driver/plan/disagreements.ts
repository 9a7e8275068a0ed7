import type { L2BlockId } from '../../protocol/refs.ts';
import type { AppliedBatch, ContractState, EngineLabels } from '../ports.ts';
import type { Disagreement, EthrexFacts, Observed } from '../state.ts';

export interface ClaimFacts {
  readonly own: Observed['own'];
  /** What L1 says of the node's blocks. */
  readonly labels: EngineLabels | null;
  readonly ethrex: EthrexFacts | null;
  /** The newest batch that L1 confirms and the node holds. */
  readonly confirmed: AppliedBatch | null;
  readonly contracts: ContractState | null;
}

/** Where an observed node's own claims and L1 differ. A node that claims less than L1 confirms is late, not wrong. */
export function disagreements(facts: ClaimFacts): readonly Disagreement[] {
  const { own, labels, ethrex, confirmed, contracts } = facts;
  const found: Disagreement[] = [];
  const claim = (what: string, node: L2BlockId | null, l1: L2BlockId | null): void => {
    if (node === null || node.number <= (l1?.number ?? 0)) return;
    const known = l1 === null ? 'none yet' : `block ${l1.number} ${l1.hash}`;
    found.push({ what, node: `block ${node.number} ${node.hash}`, l1: known });
  };
  claim('safe head', own.safe, labels?.safe ?? null);
  claim('finalized head', own.finalized, labels?.finalized ?? null);
  if (ethrex === null || contracts === null) return found;
  if (ethrex.batchNumber < contracts.lastCommittedBatch) {
    const [node, l1] = [`batch ${ethrex.batchNumber}`, `batch ${contracts.lastCommittedBatch}`];
    found.push({ what: 'newest batch', node, l1 });
  }
  if (confirmed === null) return found;
  const { batch } = ethrex;
  const what = `batch ${confirmed.batchNumber}`;
  const blocks = `blocks ${confirmed.firstBlock} to ${confirmed.lastBlock.number}`;
  if (batch === null) return [...found, { what, node: 'does not have it', l1: blocks }];
  const theirs = `blocks ${batch.firstBlock} to ${batch.lastBlock}`;
  if (theirs !== blocks) found.push({ what, node: theirs, l1: blocks });
  const root = confirmed.commit.newStateRoot;
  if (batch.stateRoot !== null && batch.stateRoot !== root) {
    found.push({ what: `state root of batch ${batch.number}`, node: batch.stateRoot, l1: root });
  }
  return found;
}
