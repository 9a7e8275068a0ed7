import { COMMON_KEYS, type ConfigKey, FOLLOW_KEYS, SOURCE_KEYS } from './keys.ts';

/** Flags of a command as `util.parseArgs` wants them. */
export type FlagOptions = Record<string, { type: 'string' }>;

const GROUPS = {
  /** Commands that run a node of their own making, such as `devnet`. */
  common: [COMMON_KEYS, SOURCE_KEYS].flatMap((keys) => Object.values<ConfigKey>(keys)),
  /** Commands that follow a rollup on a given L1, such as `start`. */
  follow: [COMMON_KEYS, FOLLOW_KEYS, SOURCE_KEYS].flatMap((keys) => Object.values<ConfigKey>(keys)),
};
export type KeyGroup = keyof typeof GROUPS;

export const flagOptions = (group: KeyGroup): FlagOptions =>
  Object.fromEntries(GROUPS[group].map((key) => [key.flag, { type: 'string' }]));

/** The options of a command for `--help`: flag, environment name, what it means, default and example. */
export function describeOptions(group: KeyGroup): string {
  const lines = GROUPS[group].map((key) => {
    const others = [key.env, ...(key.aliases ?? [])].join(', ');
    const initial = key.default === null ? `Example: ${key.example}` : `Default: ${key.default}`;
    return `  --${key.flag} <value>   ${others}\n      ${key.description} ${initial}`;
  });
  return lines.join('\n');
}
