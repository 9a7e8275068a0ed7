import { JournalError, type JournalErrorCode } from './journalError.ts';

/** What PostgreSQL answers to the one that comes second: unique_violation, duplicate_table, duplicate_object/function. */
const ALREADY_THERE = new Set(['23505', '42P07', '42710', '42723']);

export const isAlreadyThere = (error: unknown): boolean => ALREADY_THERE.has(codeOf(error));

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : 'no_answer';
};

/**
 * Classes (the first two characters, PostgreSQL manual, appendix A) that say that the server is well and will answer
 * the same again: feature_not_supported, cardinality, data, integrity constraint, syntax or access rule, with check
 * option, program limit, and what a function raises.
 */
const REFUSED = new Set(['0A', '21', '22', '23', '42', '44', '54', 'P0']);

/** SQLSTATE classes and codes that an operator can act on; the rest is an outage that may pass. */
function kindOf(code: string): JournalErrorCode {
  if (code === '53100') return 'disk_full';
  if (code === '42501' || code === '28P01' || code === '28000' || code === '3D000') return 'unwritable';
  return REFUSED.has(code.slice(0, 2)) ? 'refused' : 'io';
}

/** The driver's messages name hosts and users: only their code goes on. */
export function asPostgresError(error: unknown, name: string): JournalError {
  if (error instanceof JournalError) return error;
  const code = codeOf(error);
  const kind = kindOf(code);
  switch (kind) {
    case 'disk_full':
      return new JournalError(
        kind,
        `no space left for ${name}; what was acknowledged is safe, make room to go on`,
      );
    case 'unwritable':
      return new JournalError(
        kind,
        `${name} cannot be used (${code}); check user, password, database and rights`,
      );
    case 'refused':
      return new JournalError(
        kind,
        `${name} will not have what it was given (SQLSTATE ${code}); look at what was changed in its tables, rules and triggers`,
      );
    default:
      return new JournalError('io', `${name} gives no answer (${code})`);
  }
}
