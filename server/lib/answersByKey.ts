/** Keys kept in memory. */
const MAX_KEYS = 1_000;

interface Answered<Answer> {
  readonly request: string;
  readonly answer: Promise<Answer>;
}

/**
 * Idempotency keys: who asks again with the same key hears what was answered, and nothing is done twice. An answer that
 * is not `final` (the journal was full, an engine was away) is for those who waited for it: who asks later asks anew.
 */
export class AnswersByKey<Answer> {
  readonly #isFinal: (answer: Answer) => boolean;
  readonly #answers = new Map<string, Answered<Answer>>();

  constructor(isFinal: (answer: Answer) => boolean) {
    this.#isFinal = isFinal;
  }

  /** `request`: its content as text. Null when the key was used for another one. `act` must not reject. */
  run(key: string, request: string, act: () => Promise<Answer>): Promise<Answer> | null {
    const known = this.#answers.get(key);
    if (known !== undefined) return known.request === request ? known.answer : null;
    const mine = { request, answer: act() };
    this.#keep(key, mine);
    void mine.answer.then((answer) => {
      if (!this.#isFinal(answer) && this.#answers.get(key) === mine) this.#answers.delete(key);
    });
    return mine.answer;
  }

  /** An answer that was given before this process began. */
  restore(key: string, request: string, answer: Answer): void {
    if (this.#isFinal(answer)) this.#keep(key, { request, answer: Promise.resolve(answer) });
  }

  #keep(key: string, answered: Answered<Answer>): void {
    this.#answers.set(key, answered);
    for (const old of this.#answers.keys()) {
      if (this.#answers.size <= MAX_KEYS) return;
      this.#answers.delete(old);
    }
  }
}
