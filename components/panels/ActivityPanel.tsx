import { memo } from 'react';
import type { StatusView } from '../../server/api/views.ts';
import { Moment } from '../parts/Moment.tsx';
import { MoreLink } from '../parts/MoreLink.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';

const SHOWN = 8;

/** What happened last, in the node's own words. */
export const ActivityPanel = memo(({ activity }: { activity: StatusView['activity'] }) => (
  <Panel title="Recent activity" aside={<MoreLink to="/activity">All activity</MoreLink>}>
    {activity.length === 0 ? (
      <p className="blank">Nothing has happened yet.</p>
    ) : (
      <ol className="activity">
        {activity.slice(0, SHOWN).map((event) => (
          <li key={event.seq} data-kind={event.kind}>
            <Moment at={event.at} form="clock" className="quiet" />
            <span>
              <Prose text={event.sentence} />
            </span>
          </li>
        ))}
      </ol>
    )}
  </Panel>
));
ActivityPanel.displayName = 'ActivityPanel';
