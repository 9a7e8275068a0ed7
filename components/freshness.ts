import type { FreshnessView, StatusView } from '../server/api/views.ts';
import { duration } from './format.ts';
import type { Pill } from './live/connection.ts';
import { isLate } from './verdict.ts';
import type { Shape, Tone } from './words.ts';

/** One thing that the page rests on, and how fresh it is. */
export interface Layer {
  readonly name: string;
  readonly of: string;
  readonly shape: Shape;
  readonly tone: Tone;
  readonly text: string;
  readonly detail: string | null;
}

/** One source that the driver reads: fresh, late, failing, or never heard. */
const sourceLayer = (name: string, of: string, layer: FreshnessView, now: number): Layer => {
  const { detail } = layer;
  if (layer.at === null) return { name, of, shape: 'ring', tone: 'mute', text: 'no answer yet', detail };
  const age = `${duration(now - layer.at)} ago`;
  if (!layer.ok) return { name, of, shape: 'cross', tone: 'stop', text: age, detail };
  if (isLate(layer, now)) return { name, of, shape: 'triangle', tone: 'warn', text: `${age}, late`, detail };
  return { name, of, shape: 'disc', tone: 'ok', text: age, detail };
};

/** A source as it was when the server was last heard: neither fresh nor failing, not known. */
const rememberedLayer = (name: string, of: string, layer: FreshnessView, now: number): Layer => ({
  name,
  of,
  shape: 'ring',
  tone: 'mute',
  text: layer.at === null ? 'not known' : `was ${duration(now - layer.at)} ago`,
  detail: null,
});

const pageLayer = (pill: Pill): Layer => {
  const of = 'this page and its server';
  if (pill.kind === 'connecting')
    return { name: 'Page', of, shape: 'ring', tone: 'mute', text: 'Connecting', detail: null };
  if (pill.kind === 'live')
    return { name: 'Page', of, shape: 'disc', tone: 'ok', text: 'Live', detail: null };
  const text = `last ${duration(pill.lastAgo)} ago`;
  return pill.kind === 'offline'
    ? { name: 'Page', of, shape: 'cross', tone: 'stop', text: 'Offline', detail: text }
    : { name: 'Page', of, shape: 'quarter', tone: 'warn', text: 'Reconnecting…', detail: text };
};

/** The three layers of freshness, apart: page to server, server to driver, driver to what it reads. */
export const layersOf = (status: StatusView | null, pill: Pill, now: number): readonly Layer[] => {
  if (status === null) return [pageLayer(pill)];
  const { driver, l1, engine, blobs } = status.freshness;
  const layerOf = pill.kind === 'offline' ? rememberedLayer : sourceLayer;
  return [
    pageLayer(pill),
    layerOf('Driver', status.node.software, driver, now),
    layerOf('L1 RPC', status.node.l1Host, l1, now),
    layerOf('L2 engine', status.node.engine, engine, now),
    layerOf('Blobs', 'blob data of L1', blobs, now),
  ];
};
