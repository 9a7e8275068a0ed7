import { Fragment } from 'react';
import { Dialog } from './Dialog.tsx';
import { KEY_HELP, LANE_KEY_HELP } from './keys.ts';

const Keys = ({ rows }: { rows: typeof KEY_HELP }) => (
  <dl className="key-help">
    {rows.map(({ keys, does }) => (
      <Fragment key={does}>
        <dt>
          {keys.map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
        </dt>
        <dd>{does}</dd>
      </Fragment>
    ))}
  </dl>
);

/** Every key that the page knows. */
export const KeyHelp = ({ open, onClose }: { open: boolean; onClose: () => void }) => (
  <Dialog open={open} onClose={onClose} title="Keys">
    <div className="key-groups">
      <section aria-label="Everywhere">
        <h3 className="strip-name">Everywhere</h3>
        <Keys rows={KEY_HELP} />
      </section>
      <section aria-label="In the alignment lanes">
        <h3 className="strip-name">In the alignment lanes</h3>
        <Keys rows={LANE_KEY_HELP} />
      </section>
    </div>
    <p className="quiet">No key does anything that changes the node. They can be switched off in Settings.</p>
  </Dialog>
);
