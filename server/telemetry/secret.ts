/** What `util.inspect` and `console.log` ask an object for; by its registered name, so that this needs no import. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** A value that must not be printed: a key, a password. Whatever prints it, prints `***`. */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [INSPECT](): string {
    return '***';
  }
}
