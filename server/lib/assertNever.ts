/** Marks a branch that the type system proves unreachable. Throws if a cast elsewhere broke that proof. */
export function assertNever(value: never, what = 'value'): never {
  throw new Error(`unreachable: unexpected ${what} ${JSON.stringify(value)}`);
}
