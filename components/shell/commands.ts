import { OUTLINES } from './Outline.tsx';
import { PLACES } from './places.ts';

/** One line of the palette that is a page or an action. */
export interface Command {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly icon: string;
  /** Where it leads, or null when it does something here. */
  readonly path: string | null;
  readonly act: () => void;
}

export interface CommandContext {
  readonly paused: boolean;
  readonly setPaused: (paused: boolean) => void;
  readonly turnTheme: () => void;
  readonly help: () => void;
  readonly copyLink: () => void;
}

const nothing = (): void => {};

const actions = ({ paused, setPaused, turnTheme, help, copyLink }: CommandContext): readonly Command[] => [
  {
    id: 'pause',
    title: paused ? 'Resume the live picture' : 'Pause the live picture',
    detail: 'p',
    icon: paused ? OUTLINES.play : OUTLINES.pause,
    path: null,
    act: () => setPaused(!paused),
  },
  {
    id: 'theme',
    title: 'Change between light and dark theme',
    detail: '',
    icon: 'M10 3a7 7 0 1 1 0 14zM10 3a7 7 0 0 0 0 14',
    path: null,
    act: turnTheme,
  },
  {
    id: 'link',
    title: 'Copy a link to this view',
    detail: '',
    icon: OUTLINES.link,
    path: null,
    act: copyLink,
  },
  { id: 'help', title: 'Show all keys', detail: '?', icon: OUTLINES.menu, path: null, act: help },
  {
    id: 'resync',
    title: 'Resync …',
    detail: 'leads to it on Health; nothing runs before you confirm it there',
    icon: OUTLINES.key,
    path: '/health#danger',
    act: nothing,
  },
];

/** Pages and actions whose words begin as what was typed, all of them while nothing was. Pure. */
export const commandsFor = (text: string, context: CommandContext): readonly Command[] => {
  const wanted = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const pages = PLACES.map((place) => ({
    id: place.path,
    title: place.name,
    detail: place.key === null ? '' : `g ${place.key}`,
    icon: place.icon,
    path: place.path,
    act: nothing,
    words: `${place.name} ${place.also}`,
  }));
  const all = [...pages, ...actions(context).map((action) => ({ ...action, words: action.title }))];
  return all
    .filter(({ words }) => {
      const own = words.toLowerCase().split(/\s+/);
      return wanted.every((one) => own.some((word) => word.startsWith(one)));
    })
    .map(({ words: _, ...command }) => command);
};
