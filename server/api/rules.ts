/**
 * Who may call what. Every procedure has a row; `matrix.test.ts` calls each with every kind of caller and fails for a
 * procedure without one.
 *
 * `read`: anybody who reaches the server. `session`: anybody, about their own session. `sign_in`: whoever shows a
 * token. `operator`: an operator or an admin. `operator_fresh`: the same, with the token shown within 5 minutes.
 */
export type Rule = 'read' | 'session' | 'sign_in' | 'operator' | 'operator_fresh';

export const RULES: Readonly<Record<string, Rule>> = {
  status: 'read',
  heads: 'read',
  batches: 'read',
  reorgs: 'read',
  reorg: 'read',
  batchList: 'read',
  batch: 'read',
  leaders: 'read',
  activity: 'read',
  search: 'read',
  lag: 'read',
  fleet: 'read',
  runChecks: 'read',
  onUpdate: 'read',
  'operator.session': 'session',
  'operator.signIn': 'sign_in',
  'operator.signOut': 'session',
  'operator.preview': 'operator',
  'operator.execute': 'operator_fresh',
  'operator.pause': 'operator',
  'operator.resume': 'operator',
};
