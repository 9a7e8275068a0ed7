'use client';

import { type FormEvent, useState } from 'react';
import { useApi } from '../live/LiveProvider.tsx';
import { Dialog } from '../shell/Dialog.tsx';
import { focusFirst, lackOf, OrderFields } from './OrderFields.tsx';
import { refusalOf } from './refusal.ts';

export interface PauseOrder {
  readonly what: 'pause' | 'resume';
  readonly part: 'driver' | 'sequencer';
}

const EFFECT = {
  driver: {
    pause:
      'The driver looks at nothing and writes nothing: the safe head stays where it is until it is resumed, also over a restart.',
    resume: 'The driver looks at L1 again and derives what it missed.',
  },
  sequencer: {
    pause:
      'No block is built, no batch committed, and no block taken from peers. While this node leads, the chain stands still.',
    resume: 'Blocks are built and batches committed again as soon as it is this node’s turn.',
  },
} as const;

const Body = ({ order, nodeName, onClose }: { order: PauseOrder; nodeName: string; onClose: () => void }) => {
  const api = useApi();
  const [reason, setReason] = useState('');
  const [name, setName] = useState('');
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const lack = lackOf(reason, name, nodeName);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    if (lack !== null) return setSaid(lack);
    setBusy(true);
    setSaid('');
    try {
      await api.operator[order.what].mutate({
        part: order.part,
        reason: reason.trim(),
        confirm: name,
        idempotencyKey: key,
      });
      onClose();
    } catch (error) {
      setSaid(refusalOf(error).message);
      setBusy(false);
    }
  };
  return (
    <form className="order-form" onSubmit={submit}>
      <p>{EFFECT[order.part][order.what]}</p>
      <OrderFields reason={reason} onReason={setReason} name={name} onName={setName} nodeName={nodeName} />
      <p className="order-said tone-stop" role="alert">
        {said}
      </p>
      <div className="order-buttons">
        <button type="button" className="button" ref={focusFirst} onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button button-strong" aria-disabled={busy || lack !== null}>
          {order.what === 'pause' ? `Pause the ${order.part}` : `Resume the ${order.part}`}
        </button>
      </div>
    </form>
  );
};

interface DialogProps {
  readonly order: PauseOrder | null;
  readonly nodeName: string;
  readonly onClose: () => void;
}

export const PauseDialog = ({ order, nodeName, onClose }: DialogProps) => (
  <Dialog
    open={order !== null}
    onClose={onClose}
    title={order === null ? '' : `${order.what === 'pause' ? 'Pause' : 'Resume'} the ${order.part}`}
    className="order"
    keepsTyped
  >
    {order === null ? null : (
      <Body key={order.what + order.part} order={order} nodeName={nodeName} onClose={onClose} />
    )}
  </Dialog>
);
