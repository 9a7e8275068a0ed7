import type { Notify } from '../settings/settings.ts';
import type { Notice } from './notices.ts';

const BEEP = { hertz: 660, seconds: 0.18, volume: 0.08 };

/** Two short tones made here: no file is fetched for it. Silent where the browser forbids sound. */
const beep = (): void => {
  try {
    const context = new AudioContext();
    const gain = context.createGain();
    gain.gain.value = BEEP.volume;
    gain.connect(context.destination);
    for (const at of [0, BEEP.seconds * 1.5]) {
      const tone = context.createOscillator();
      tone.frequency.value = at === 0 ? BEEP.hertz : BEEP.hertz * 1.25;
      tone.connect(gain);
      tone.start(context.currentTime + at);
      tone.stop(context.currentTime + at + BEEP.seconds);
    }
    setTimeout(() => void context.close(), 1_000);
  } catch {
    // No sound device, or none allowed: the page itself has said it.
  }
};

const show = ({ id, title, text, path }: Notice): void => {
  try {
    const shown = new Notification(title, { body: text, tag: id, icon: '/icon.svg' });
    shown.onclick = () => {
      window.focus();
      window.location.assign(path);
    };
  } catch {
    // Some browsers offer the class and refuse to make one outside a service worker.
  }
};

/** Says notices outside the page, by the ways that the reader allowed. */
export const sayNotices = (notices: readonly Notice[], { desktop, sound }: Notify): void => {
  if (notices.length === 0) return;
  if (desktop && typeof Notification !== 'undefined' && Notification.permission === 'granted') {
    for (const notice of notices) show(notice);
  }
  if (sound) beep();
};

/** Asks the browser for leave to notify; false when it is refused or not to be had. */
export const askLeave = async (): Promise<boolean> =>
  typeof Notification !== 'undefined' && (await Notification.requestPermission()) === 'granted';
