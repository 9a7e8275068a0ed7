import { redactUrl } from './redact.ts';

/** What `util.inspect` and `console.log` ask an object for; by its registered name, so that this needs no import. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * A URL that may carry a key in its path, query or user part. Whatever prints it, prints `https://host/***`;
 * only `reveal` gives the URL itself, to the one who connects.
 */
export class SecretUrl {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  /** Null when `text` is not an absolute URL of one of the schemes (`http:`, `wss:` …). */
  static parse(text: string, schemes: readonly string[]): SecretUrl | null {
    if (!URL.canParse(text)) return null;
    const url = new URL(text);
    return schemes.includes(url.protocol) && url.host !== '' ? new SecretUrl(text) : null;
  }

  /** The whole URL with everything secret in it. For connecting only: never put it in a message. */
  reveal(): string {
    return this.#url;
  }

  /** Host and port, which are not secret. */
  get host(): string {
    return new URL(this.#url).host;
  }

  toString(): string {
    return redactUrl(this.#url);
  }

  toJSON(): string {
    return this.toString();
  }

  [INSPECT](): string {
    return this.toString();
  }
}
