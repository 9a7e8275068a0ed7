import type { LeaderView, SequencerView } from '../../server/api/views.ts';
import { feedLine } from '../feed.ts';
import { count, groupDigits } from '../format.ts';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Prose } from '../parts/Prose.tsx';
import { LEASE_WORDS, ROLE_WORDS } from '../words.ts';
import { MessageDeadlines } from './MessageDeadlines.tsx';

type Turn = LeaderView['upcoming'][number];

const Role = ({ sequencer }: { sequencer: SequencerView }) => {
  const role = ROLE_WORDS[sequencer.mode];
  const lease = LEASE_WORDS[sequencer.lease.state];
  return (
    <div className="role" data-role={sequencer.mode}>
      <p className={`role-chip tone-${role.tone}`} title={role.sentence}>
        <Icon shape={role.shape} />
        <span>{role.word}</span>
      </p>
      <p className="role-facts num">
        <span>{count(sequencer.uncommittedBlocks, 'uncommitted block')}</span>
        <span>{count(sequencer.waitingMessages, 'waiting L1 message')}</span>
        {sequencer.funds.batches === null ? null : (
          <span title="Batches that the committing account pays for, at the most that the newest one may cost">
            pays for {count(sequencer.funds.batches, 'batch', 'batches')}
          </span>
        )}
      </p>
      {sequencer.registered ? null : <p className="role-note">Not registered: its turn does not come.</p>}
      {lease === null ? null : (
        <p className="role-note" title={sequencer.lease.other ?? undefined}>
          This node waits: {lease}.
        </p>
      )}
    </div>
  );
};

const Feed = ({ sequencer }: { sequencer: SequencerView }) => {
  const { shape, tone, text } = feedLine(sequencer);
  return (
    <p className={`feed tone-${tone}`} data-feed={sequencer.feed.state}>
      <Icon shape={shape} />
      <span>
        <Prose text={text} />
      </span>
    </p>
  );
};

interface TurnProps {
  readonly turn: Turn;
  readonly now: boolean;
  readonly us: boolean;
}

const TurnCell = ({ turn, now, us }: TurnProps) => (
  <li className={now ? 'turn turn-now' : 'turn'} data-first={turn.first} data-us={us}>
    <span className="turn-span num">
      {groupDigits(turn.first)}–{groupDigits(turn.last)}
    </span>
    <span className="turn-leader">
      {turn.leader === null ? (
        <NotKnown why="nobody" />
      ) : (
        <Hash value={turn.leader} what="address of the sequencer" copy={false} />
      )}
    </span>
    <span className="turn-word">
      {now ? <span>now</span> : null}
      {us ? <span className="us">★ us</span> : null}
    </span>
  </li>
);

const Turns = ({ leader, us }: { leader: LeaderView; us: string | null }) => (
  <div className="turns">
    <h3 className="strip-name">
      Terms, in batches <span className="quiet">by today’s list, which any registration changes</span>
    </h3>
    <ol className="turn-list">
      {leader.upcoming.map((turn) => (
        <TurnCell
          key={turn.first}
          turn={turn}
          us={us !== null && turn.leader === us}
          now={leader.nextBatch !== null && turn.first <= leader.nextBatch && leader.nextBatch <= turn.last}
        />
      ))}
    </ol>
  </div>
);

interface StripProps {
  readonly leader: LeaderView;
  readonly sequencer: SequencerView | null;
}

/** This node's part in the rotation, and whose turns come. Nothing where neither is known. */
export const SequencingStrip = ({ leader, sequencer }: StripProps) => {
  if (sequencer === null && leader.upcoming.length === 0) return null;
  const us = sequencer?.address ?? (leader.isUs ? leader.address : null);
  return (
    <section className="strip" aria-label="Sequencing">
      {sequencer === null ? null : (
        <div className="strip-us">
          <h3 className="strip-name">This node</h3>
          <Role sequencer={sequencer} />
          <Feed sequencer={sequencer} />
          <MessageDeadlines messages={sequencer.messages} />
        </div>
      )}
      {leader.upcoming.length === 0 ? null : <Turns leader={leader} us={us} />}
    </section>
  );
};
