'use client';

import { useEffect, useRef, useState } from 'react';
import type { OperatorView, PreviewView, ResyncTargetInput, StatusView } from '../../server/api/views.ts';
import { groupDigits } from '../format.ts';
import { useApi } from '../live/LiveProvider.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Dialog } from '../shell/Dialog.tsx';
import { ConfirmStep } from './ConfirmStep.tsx';
import { focusFirst } from './OrderFields.tsx';
import { ResyncImpact } from './ResyncImpact.tsx';
import { ResyncProgress } from './ResyncProgress.tsx';
import { type Refusal, refusalOf } from './refusal.ts';

type Kind = ResyncTargetInput['kind'];
type Step = 'target' | 'impact' | 'confirm';

const STEPS: readonly { readonly step: Step; readonly name: string }[] = [
  { step: 'target', name: 'Target' },
  { step: 'impact', name: 'Impact' },
  { step: 'confirm', name: 'Confirm' },
];

/** Looked at again this often while the dialog is open, so that what is shown stays valid (30 s). */
const LOOK_AGAIN_MS = 20_000;

const numberIn = (text: string): number | null => (/^\d{1,15}$/.test(text) ? Number(text) : null);

/** The target as the server takes it; null while its number is missing. */
function targetOf(kind: Kind, batch: string, l1Block: string): ResyncTargetInput | null {
  if (kind === 'batch') {
    const number = numberIn(batch);
    return number === null ? null : { kind, batch: number };
  }
  if (kind === 'l1Block') {
    const number = numberIn(l1Block);
    return number === null ? null : { kind, number };
  }
  return { kind };
}

interface TargetProps {
  readonly status: StatusView;
  readonly kind: Kind;
  readonly onKind: (kind: Kind) => void;
  readonly batch: string;
  readonly onBatch: (text: string) => void;
  readonly l1Block: string;
  readonly onL1Block: (text: string) => void;
}

const Targets = ({ status, kind, onKind, batch, onBatch, l1Block, onL1Block }: TargetProps) => {
  const { safe, finalized } = status.heads;
  const option = (value: Kind, label: string, detail: string, off = false) => (
    <label className={`target ${off ? 'is-off' : ''}`}>
      <input
        type="radio"
        name="resync-target"
        value={value}
        checked={kind === value}
        disabled={off}
        onChange={() => onKind(value)}
      />
      <span>{label}</span>
      <span className="quiet num">{detail}</span>
    </label>
  );
  return (
    <fieldset className="targets">
      <legend className="order-label">Go back to</legend>
      {option('safe', 'the last safe block', safe === null ? 'none yet' : groupDigits(safe.number))}
      {option(
        'finalized',
        'the last finalized block',
        finalized === null ? 'none yet' : groupDigits(finalized.number),
        finalized === null,
      )}
      {option('batch', 'the end of a batch', '')}
      {kind === 'batch' ? (
        <input
          className="field target-number num"
          aria-label="Number of the batch"
          inputMode="numeric"
          value={batch}
          maxLength={15}
          onChange={(event) => onBatch(event.target.value)}
        />
      ) : null}
      {option('l1Block', 'what L1 implied at one of its blocks', '')}
      {kind === 'l1Block' ? (
        <input
          className="field target-number num"
          aria-label="Number of the L1 block"
          inputMode="numeric"
          value={l1Block}
          maxLength={15}
          onChange={(event) => onL1Block(event.target.value)}
        />
      ) : null}
      {option('genesis', 'genesis: everything is derived again', '0')}
    </fieldset>
  );
};

/** Asks for the preview, and again while it is looked at. */
function usePreview(target: ResyncTargetInput | null, watching: boolean) {
  const api = useApi();
  const [preview, setPreview] = useState<PreviewView | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [busy, setBusy] = useState(false);
  const latest = useRef(0);
  const look = async (): Promise<PreviewView | null> => {
    if (target === null) return null;
    const mine = ++latest.current;
    setBusy(true);
    try {
      const next = await api.operator.preview.mutate({ target });
      if (mine !== latest.current) return null;
      setPreview(next);
      setRefusal(null);
      return next;
    } catch (error) {
      if (mine === latest.current) setRefusal(refusalOf(error));
      return null;
    } finally {
      if (mine === latest.current) setBusy(false);
    }
  };
  const again = useRef(look);
  again.current = look;
  useEffect(() => {
    if (!watching) return;
    const timer = setInterval(() => void again.current(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [watching]);
  return { preview, refusal, busy, look };
}

const Stepper = ({ step }: { step: Step }) => (
  <ol className="stepper" aria-label="Steps">
    {STEPS.map(({ step: one, name }, index) => (
      <li key={one} className={one === step ? 'is-now' : ''} aria-current={one === step ? 'step' : undefined}>
        {index + 1} {name}
      </li>
    ))}
  </ol>
);

interface AcceptedProps {
  readonly id: string;
  /** Null until the status tells of it. */
  readonly resync: OperatorView['resync'];
  readonly onClose: () => void;
}

const Accepted = ({ id, resync, onClose }: AcceptedProps) => (
  <>
    {resync === null ? (
      <p className="resync-note tone-info" role="status">
        <Icon shape="quarter" />
        <span>
          Accepted as <span className="mono">{id}</span>; the node has not said how far it is yet.
        </span>
      </p>
    ) : (
      <ResyncProgress resync={resync} />
    )}
    <div className="order-buttons">
      <button type="button" className="button" onClick={onClose}>
        {resync === null || resync.endedAt === null ? 'Close, it goes on' : 'Close'}
      </button>
    </div>
  </>
);

const Body = ({ status, onClose }: { status: StatusView; onClose: () => void }) => {
  const [step, setStep] = useState<Step>('target');
  /** Of the resync that was ordered here: the status may still show an older one. */
  const [accepted, setAccepted] = useState<string | null>(null);
  const [kind, setKind] = useState<Kind>('safe');
  const [batch, setBatch] = useState('');
  const [l1Block, setL1Block] = useState('');
  const target = targetOf(kind, batch, l1Block);
  const { preview, refusal, busy, look } = usePreview(target, step === 'impact' || step === 'confirm');
  const { resync } = status.operator;
  const see = async (): Promise<void> => {
    if ((await look()) !== null) setStep('impact');
  };
  if (accepted !== null) {
    return <Accepted id={accepted} resync={resync?.id === accepted ? resync : null} onClose={onClose} />;
  }
  if (step === 'confirm' && preview !== null) {
    return (
      <>
        <Stepper step={step} />
        <ConfirmStep
          preview={preview}
          onBack={() => setStep('impact')}
          onCancel={onClose}
          onLookAgain={look}
          onAccepted={setAccepted}
        />
      </>
    );
  }
  return (
    <>
      <Stepper step={step} />
      {step === 'impact' && preview !== null ? (
        <ResyncImpact preview={preview} busy={busy} onLookAgain={() => void look()} />
      ) : (
        <Targets
          status={status}
          kind={kind}
          onKind={setKind}
          batch={batch}
          onBatch={setBatch}
          l1Block={l1Block}
          onL1Block={setL1Block}
        />
      )}
      <p className="order-said tone-stop" role="alert">
        {refusal?.message ?? ''}
      </p>
      <div className="order-buttons">
        {step === 'impact' ? (
          <button type="button" className="button order-back" onClick={() => setStep('target')}>
            Back
          </button>
        ) : null}
        <button type="button" className="button" ref={focusFirst} onClick={onClose}>
          Cancel
        </button>
        {step === 'impact' ? (
          <button type="button" className="button button-strong" onClick={() => setStep('confirm')}>
            Continue
          </button>
        ) : (
          <button
            type="button"
            className="button button-strong"
            aria-disabled={busy || target === null}
            onClick={() => (busy || target === null ? undefined : void see())}
          >
            {busy ? 'Looking …' : 'See what would happen'}
          </button>
        )}
      </div>
    </>
  );
};

interface DialogProps {
  readonly open: boolean;
  readonly status: StatusView;
  readonly onClose: () => void;
}

/** Target, impact, confirm: nothing happens before the last of them. */
export const ResyncDialog = ({ open, status, onClose }: DialogProps) => (
  <Dialog open={open} onClose={onClose} title="Resync from L1" className="order order-sheet" keepsTyped>
    <Body status={status} onClose={onClose} />
  </Dialog>
);
