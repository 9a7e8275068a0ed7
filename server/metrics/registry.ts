import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CATALOG, type MetricName, type MetricRow, PREFIX } from './catalog.ts';

type NamesOf<Type extends MetricRow['type']> = {
  [Name in MetricName]: (typeof CATALOG)[Name] extends { type: Type } ? Name : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;
type Labels = Readonly<Record<string, string>>;

/** A label's text is cut here: nothing unbounded enters a collector's index. */
const MAX_LABEL = 64;

const bounded = (labels: Labels): Labels => {
  for (const name in labels) if (labels[name]!.length > MAX_LABEL) return cut(labels);
  // The usual case, once or more for each call of a port.
  return labels;
};

const cut = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.slice(0, MAX_LABEL)]));

/**
 * The metrics of the catalogue, by their names in it. A gauge that nobody set is absent from the text rather than 0,
 * so that "not known" and "none" stay apart.
 */
export class MetricRegistry {
  readonly #registry = new Registry();
  readonly #metrics = new Map<string, Counter | Gauge | Histogram>();

  /** @param only the rows to make; all by default */
  constructor(only: readonly MetricName[] = Object.keys(CATALOG) as MetricName[]) {
    for (const name of only) this.#metrics.set(name, this.#make(name, CATALOG[name]));
  }

  #make(name: string, { type, help, labels = [], buckets = [] }: MetricRow): Counter | Gauge | Histogram {
    const common = { name: PREFIX + name, help, labelNames: [...labels], registers: [this.#registry] };
    if (type === 'counter') return new Counter(common);
    if (type === 'histogram') return new Histogram({ ...common, buckets: [...buckets] });
    const gauge = new Gauge(common);
    // prom-client gives a gauge without labels a first value of 0.
    if (labels.length === 0) gauge.remove();
    return gauge;
  }

  count(name: CounterName, labels: Labels = {}, by = 1): void {
    (this.#metrics.get(name) as Counter).inc(bounded(labels), by);
  }

  /** Null takes the row away. */
  set(name: GaugeName, value: number | null, labels: Labels = {}): void {
    const gauge = this.#metrics.get(name) as Gauge;
    if (value === null) gauge.remove(bounded(labels));
    else gauge.set(bounded(labels), value);
  }

  /** Only `one` of `all` is 1; a state outside the list is shown as it is. */
  oneOf(name: GaugeName, label: string, all: readonly string[], one: string | null): void {
    this.clear(name);
    for (const state of all) this.set(name, state === one ? 1 : 0, { [label]: state });
    if (one !== null && !all.includes(one)) this.set(name, 1, { [label]: one });
  }

  /** Takes away all rows of a gauge. */
  clear(name: GaugeName): void {
    (this.#metrics.get(name) as Gauge).reset();
  }

  observe(name: HistogramName, value: number, labels: Labels = {}): void {
    (this.#metrics.get(name) as Histogram).observe(bounded(labels), value);
  }

  /** Prometheus' text form, version 0.0.4. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
