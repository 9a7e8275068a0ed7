'use client';

import { type FormEvent, useState } from 'react';
import type { PreviewView } from '../../server/api/views.ts';
import { groupDigits } from '../format.ts';
import { useApi, useNow } from '../live/LiveProvider.tsx';
import { focusFirst, lackOf, OrderFields } from './OrderFields.tsx';
import { dutyInWords } from './ResyncImpact.tsx';
import { type Refusal, refusalOf } from './refusal.ts';
import { TokenForm } from './SignIn.tsx';

interface ConfirmProps {
  readonly preview: PreviewView;
  readonly onBack: () => void;
  readonly onCancel: () => void;
  /** A preview that is about to expire is asked for again before it is executed. */
  readonly onLookAgain: () => Promise<PreviewView | null>;
  /** @param id of the resync that was accepted */
  readonly onAccepted: (id: string) => void;
}

const SPARE_MS = 3_000;
const NOT_SEEN: Refusal = {
  code: 'not_seen',
  message: 'Nothing was ordered: what would happen could not be computed anew. Try again, or go back.',
  retryAfterMs: null,
};

/** Why, and which node. The order is given by the last button, once however often it is pressed. */
export const ConfirmStep = ({ preview, onBack, onCancel, onLookAgain, onAccepted }: ConfirmProps) => {
  const api = useApi();
  const now = useNow();
  const [reason, setReason] = useState('');
  const [name, setName] = useState('');
  const [override, setOverride] = useState(false);
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [busy, setBusy] = useState(false);
  const duty = dutyInWords(preview);
  const lack =
    lackOf(reason, name, preview.confirm) ??
    (duty !== null && !override ? 'Tick the override, or wait until the term is over.' : null);
  const execute = async (): Promise<void> => {
    const fresh = preview.validUntil - now > SPARE_MS ? preview : await onLookAgain();
    if (fresh === null) {
      setRefusal(NOT_SEEN);
      return setBusy(false);
    }
    if (fresh.point.block.hash !== preview.point.block.hash) return onBack();
    const { unsafe, safe, finalized } = fresh.expected;
    const { id } = await api.operator.execute.mutate({
      previewId: fresh.id,
      expected: { unsafe: unsafe.hash, safe: safe?.hash ?? null, finalized: finalized?.hash ?? null },
      reason: reason.trim(),
      confirm: name,
      idempotencyKey: key,
      override,
    });
    onAccepted(id);
  };
  const submit = async (event?: FormEvent): Promise<void> => {
    event?.preventDefault();
    if (busy) return;
    if (lack !== null) return setRefusal({ code: 'lacking', message: lack, retryAfterMs: null });
    setBusy(true);
    setRefusal(null);
    try {
      await execute();
    } catch (error) {
      setRefusal(refusalOf(error));
      // The same key would be answered the same for ever.
      setKey(crypto.randomUUID());
      setBusy(false);
    }
  };
  if (refusal?.code === 'reauth_required') {
    return (
      <>
        <p>{refusal.message}</p>
        <TokenForm label="Go on" onDone={() => void submit()} onCancel={onCancel} />
      </>
    );
  }
  return (
    <form className="order-form" onSubmit={submit}>
      <OrderFields
        reason={reason}
        onReason={setReason}
        name={name}
        onName={setName}
        nodeName={preview.confirm}
      />
      {duty === null ? null : (
        <label className="target">
          <input type="checkbox" checked={override} onChange={(event) => setOverride(event.target.checked)} />
          <span>Override: {duty}</span>
        </label>
      )}
      <p className="order-said tone-stop" role="alert">
        {refusal?.message ?? ''}
      </p>
      <div className="order-buttons">
        <button type="button" className="button order-back" onClick={onBack}>
          Back
        </button>
        <button type="button" className="button" ref={focusFirst} onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button button-danger" aria-disabled={busy || lack !== null}>
          {busy ? 'Asking …' : `Resync ${groupDigits(preview.impact.dropped)} blocks`}
        </button>
      </div>
    </form>
  );
};
