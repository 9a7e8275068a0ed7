'use client';

import { type FormEvent, useId, useState } from 'react';
import { useLive } from '../live/LiveProvider.tsx';
import { Dialog } from '../shell/Dialog.tsx';
import { focusFirst } from './OrderFields.tsx';
import { refusalOf } from './refusal.ts';
import { useSession } from './useSession.ts';

const NO_COOKIE =
  'The token is right, but this browser did not keep the session: it takes secure cookies over https, and on localhost in most browsers. Open the page over https, or use another browser or the command line.';

interface FormProps {
  readonly label: string;
  readonly onDone: () => void;
  readonly onCancel?: () => void;
}

/** Where the token is given. It is sent once and kept nowhere on the page. */
export const TokenForm = ({ label, onDone, onCancel }: FormProps) => {
  const { signIn } = useSession();
  const [token, setToken] = useState('');
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const id = useId();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || token.trim() === '') return;
    setBusy(true);
    setSaid('');
    try {
      await signIn(token.trim());
      setToken('');
      onDone();
    } catch (error) {
      setSaid(error instanceof Error && error.message === 'cookie' ? NO_COOKIE : refusalOf(error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="order-form" onSubmit={submit}>
      <label htmlFor={id} className="order-label">
        Operator token
      </label>
      <input
        id={id}
        ref={focusFirst}
        className="field order-field mono"
        type="password"
        autoComplete="current-password"
        maxLength={256}
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <p className="order-said tone-stop" role="alert">
        {said}
      </p>
      <div className="order-buttons">
        {onCancel === undefined ? null : (
          <button type="button" className="button" onClick={onCancel}>
            Cancel
          </button>
        )}
        <button type="submit" className="button button-strong" aria-disabled={busy}>
          {busy ? 'Signing in …' : label}
        </button>
      </div>
    </form>
  );
};

/** Where to find it, as far as this page can know. */
const Where = () => {
  const { answer } = useLive();
  const devnet =
    answer.kind === 'status' && (answer.status.node.mode === 'devnet' || answer.status.fleet.length > 0);
  return (
    <p className="quiet order-hint">
      {devnet
        ? 'A devnet prints its token where it was started, beside the addresses of its nodes, and keeps it in .plumbline/devnet/operator-token.'
        : 'It is in the file that the node was started with (--operator-token-file). The session lasts 12 hours.'}
    </p>
  );
};

export const SignInDialog = ({ open, onClose }: { open: boolean; onClose: () => void }) => (
  <Dialog open={open} onClose={onClose} title="Sign in as operator" className="order" keepsTyped>
    <p>Whoever has the token may pause this node and have it derive again.</p>
    <Where />
    <TokenForm label="Sign in" onDone={onClose} onCancel={onClose} />
  </Dialog>
);
