'use client';

import type { SequencerView } from '../../server/api/views.ts';
import { count, duration } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Moment } from '../parts/Moment.tsx';
import type { Shape, Tone } from '../words.ts';

type Message = SequencerView['messages'][number];

const standing = ({ deadline, warnAt }: Message, now: number): { tone: Tone; shape: Shape; word: string } => {
  if (now > deadline) return { tone: 'stop', shape: 'cross', word: `${duration(now - deadline)} late` };
  const left = `${duration(deadline - now)} left`;
  return now > warnAt
    ? { tone: 'warn', shape: 'triangle', word: left }
    : { tone: 'ok', shape: 'check', word: left };
};

/**
 * Until when the bridge's messages have to be included: past the first one's deadline no other batch with user
 * transactions can be verified. Nothing while none waits.
 */
export const MessageDeadlines = ({ messages }: { messages: SequencerView['messages'] }) => {
  const now = useNow();
  const [first] = messages;
  if (first === undefined) return null;
  const { tone, shape, word } = standing(first, now);
  return (
    <details className="deadlines">
      <summary className={`feed tone-${tone}`}>
        <Icon shape={shape} />
        <span>
          {count(messages.length, 'L1 message')} to {first.included ? 'verify' : 'include'}, the first with{' '}
          {word}
        </span>
      </summary>
      <ul className="num">
        {messages.map((message) => (
          <li key={message.hash}>
            <Hash value={message.hash} what="hash of the L1 message" />{' '}
            {message.included ? 'verify' : 'include'} by <Moment at={message.deadline} />,{' '}
            {standing(message, now).word}
          </li>
        ))}
      </ul>
    </details>
  );
};
