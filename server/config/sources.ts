import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { err, ok, type Result } from '../lib/result.ts';
import { type ConfigKey, FOREIGN_ENV_NAMES, SOURCE_KEYS } from './keys.ts';
import { nearest } from './nearest.ts';

/** A key that is wrong: where it was set, and one sentence with the value (unless secret) and the fix. */
export interface ConfigError {
  readonly code: 'missing' | 'invalid' | 'unknown' | 'unreadable' | 'conflict';
  /** The key as it was written, or as it would be written. */
  readonly key: string;
  readonly message: string;
}

/** One place that values come from; `names` says under which name a key is looked up there. */
export interface Layer {
  readonly origin: string;
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly names: (key: ConfigKey) => readonly string[];
}

export interface RawValue {
  readonly text: string;
  /** The name under which it was found. */
  readonly name: string;
  readonly origin: string;
}

export interface Sources {
  /** Values of the command line's flags by name without dashes, as `util.parseArgs` gives them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly cwd: string;
}

const OWN_PREFIX = 'PLUMBLINE_';
const envNames = (key: ConfigKey): readonly string[] => [key.env, ...(key.aliases ?? [])];
export const jsonName = (key: ConfigKey): string =>
  key.flag.replace(/-(\w)/g, (_, char: string) => char.toUpperCase());

/** The layers, strongest first: flags, environment, JSON file, .env file. Errors name what cannot be read. */
export function readLayers(
  sources: Sources,
  known: readonly ConfigKey[],
): { layers: Layer[]; errors: ConfigError[] } {
  const errors: ConfigError[] = [];
  const flags = flagLayer(sources.flags);
  const environment: Layer = { origin: 'the environment', values: sources.env, names: envNames };
  const layers = [flags, environment];
  errors.push(...unknownEnvNames(environment, known));

  const fileOf = (key: ConfigKey) => lookUp([flags, environment], key);
  const jsonPath = fileOf(SOURCE_KEYS.configFile);
  if (jsonPath !== null) {
    const layer = jsonLayer(jsonPath, sources.cwd, known);
    if (layer.ok) layers.push(layer.value);
    else errors.push(...layer.error);
  }
  const envPath = fileOf(SOURCE_KEYS.envFile);
  if (envPath !== null) {
    const content = readText(envPath, sources.cwd);
    if (content.ok) {
      const layer: Layer = { origin: envPath.text, values: parseEnv(content.value), names: envNames };
      layers.push(layer);
      errors.push(...unknownEnvNames(layer, known));
    } else errors.push(content.error);
  }
  return { layers, errors };
}

/** The strongest value of a key. Empty text counts as not set, as compose files write it. */
export function lookUp(layers: readonly Layer[], key: ConfigKey): RawValue | null {
  for (const { values, names, origin } of layers) {
    for (const name of names(key)) {
      const text = values[name];
      if (text !== undefined && text.trim() !== '') return { text, name, origin };
    }
  }
  return null;
}

function flagLayer(flags: Readonly<Record<string, unknown>>): Layer {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(flags))
    if (typeof value === 'string') values[`--${name}`] = value;
  return { origin: 'the command line', values, names: (key) => [`--${key.flag}`] };
}

const jsonValue = z.union([
  z.string(),
  z.number().transform(String),
  z.array(z.string()).transform((all) => all.join(',')),
]);
const jsonFile = z.record(z.string(), jsonValue);

function jsonLayer(path: RawValue, cwd: string, known: readonly ConfigKey[]): Result<Layer, ConfigError[]> {
  const content = readText(path, cwd);
  if (!content.ok) return err([content.error]);
  const parsed = jsonFile.safeParse(tryJson(content.value));
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.');
    const what = where ? `its "${where}" is neither text nor a number` : 'it is not one JSON object';
    return err([
      {
        code: 'unreadable',
        key: path.name,
        message: `${path.text} is not a configuration: ${what}. Example: {"port": 3000}.`,
      },
    ]);
  }
  const names = known.map(jsonName);
  const errors = Object.keys(parsed.data)
    .filter((name) => !names.includes(name))
    .map((name) => unknownName(name, path.text, names));
  if (errors.length > 0) return err(errors);
  return ok({ origin: path.text, values: parsed.data, names: (key) => [jsonName(key)] });
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readText(path: RawValue, cwd: string): Result<string, ConfigError> {
  try {
    return ok(readFileSync(resolve(cwd, path.text), 'utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return err({
      code: 'unreadable',
      key: path.name,
      message: `${path.name} names ${path.text}, which cannot be read (${code}): check the path.`,
    });
  }
}

/** A misspelt option must not be silently ignored: it may be the one that keeps something shut. */
function unknownEnvNames(layer: Layer, known: readonly ConfigKey[]): ConfigError[] {
  const names = [...known, ...Object.values(SOURCE_KEYS)].map((key) => key.env).concat(FOREIGN_ENV_NAMES);
  return Object.keys(layer.values)
    .filter((name) => name.startsWith(OWN_PREFIX) && !names.includes(name))
    .map((name) => unknownName(name, layer.origin, names));
}

function unknownName(name: string, origin: string, names: readonly string[]): ConfigError {
  const meant = nearest(name, names);
  const hint = meant === null ? 'Remove it, or see --help for all names.' : `Did you mean ${meant}?`;
  return { code: 'unknown', key: name, message: `${name} (from ${origin}) is not an option. ${hint}` };
}
