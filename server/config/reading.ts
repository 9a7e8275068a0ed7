import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { err, ok, type Result } from '../lib/result.ts';
import { COMMON_KEYS, type ConfigKey, FOLLOW_KEYS } from './keys.ts';
import { type ConfigError, type Layer, lookUp, type RawValue, readLayers, type Sources } from './sources.ts';

/** One reading of all sources, which gathers every error instead of stopping at the first. */
export class Reading {
  readonly cwd: string;
  readonly #layers: readonly Layer[];
  readonly #errors: ConfigError[];

  constructor(sources: Sources) {
    this.cwd = sources.cwd;
    const known = [...Object.values<ConfigKey>(COMMON_KEYS), ...Object.values<ConfigKey>(FOLLOW_KEYS)];
    const { layers, errors } = readLayers(sources, known);
    this.#layers = layers;
    this.#errors = errors;
  }

  isSet(key: ConfigKey): boolean {
    return lookUp(this.#layers, key) !== null;
  }

  /** The value or its default; null, with an error noted, when there is neither or it is not what is expected. */
  required<T>(key: ConfigKey<T>): T | null {
    const raw = lookUp(this.#layers, key);
    if (raw !== null) return this.#parse(key, raw);
    if (key.default !== null) return key.schema.parse(key.default);
    this.fail(
      'missing',
      key,
      `(--${key.flag}) is not set: ${key.description} Example: ${key.env}=${key.example}`,
    );
    return null;
  }

  /** Null when it is not set, and, with an error noted, when it is not what is expected. */
  optional<T>(key: ConfigKey<T>): T | null {
    const raw = lookUp(this.#layers, key);
    return raw === null ? null : this.#parse(key, raw);
  }

  /** The absolute path of a file that is there. */
  existingFile(key: ConfigKey<string>): string | null {
    const file = this.required(key);
    if (file === null) return null;
    const path = resolve(this.cwd, file);
    if (existsSync(path)) return path;
    this.fail('unreadable', key, `names ${file}, which does not exist: check the path`);
    return null;
  }

  fail(code: ConfigError['code'], key: ConfigKey, what: string): void {
    const name = lookUp(this.#layers, key)?.name ?? key.env;
    this.#errors.push({ code, key: name, message: `${name} ${what}.` });
  }

  finish<T>(config: T | null): Result<T, readonly ConfigError[]> {
    if (this.#errors.length > 0 || config === null) return err(this.#errors);
    return ok(deepFreeze(config));
  }

  #parse<T>(key: ConfigKey<T>, raw: RawValue): T | null {
    const parsed: z.ZodSafeParseResult<T> = key.schema.safeParse(raw.text);
    if (parsed.success) return parsed.data;
    const expected = parsed.error.issues[0]?.message;
    const value = key.secret
      ? 'not usable (its value is not shown, it may hold a key)'
      : JSON.stringify(raw.text);
    const message = `${raw.name} from ${raw.origin} is ${value}: expected ${expected}. Example: ${key.example}`;
    this.#errors.push({ code: 'invalid', key: raw.name, message });
    return null;
  }
}

/** Freezes plain objects and arrays; instances such as SecretUrl guard themselves. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
