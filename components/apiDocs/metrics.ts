export interface MetricRow {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** One value where there is one; how many series where there are several. */
  readonly sample: string;
}

/**
 * Reads Prometheus' text form: names, types, meanings and the present value. Lines that are none of these are passed
 * over. Pure. https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export const metricsOf = (text: string): readonly MetricRow[] => {
  const rows = new Map<string, { type: string; help: string; values: string[] }>();
  const of = (name: string) => {
    const row = rows.get(name) ?? { type: 'untyped', help: '', values: [] };
    rows.set(name, row);
    return row;
  };
  for (const line of text.split('\n')) {
    const said = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (said !== null) {
      const row = of(said[2]!);
      if (said[1] === 'HELP') row.help = said[3]!;
      else row.type = said[3]!;
      continue;
    }
    const value = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)/.exec(line);
    if (value === null) continue;
    const name = value[1]!;
    const family = rows.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    if (rows.has(family) && (family === name || name.endsWith('_count'))) of(family).values.push(value[3]!);
  }
  return [...rows]
    .map(([name, { type, help, values }]) => ({
      name,
      type,
      help,
      sample: values.length === 1 ? values[0]! : values.length === 0 ? '–' : `${values.length} series`,
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
};
