/** Where the bytes of a stream go: an answer of Node's HTTP server, or a test's list. */
export interface Sink {
  /** False when it holds more than it should: nothing more then until it drained. */
  write(bytes: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  /** Ends the connection at once. */
  cut(): void;
}

export interface Member<State> {
  readonly sink: Sink;
  readonly state: State;
}

export interface AudienceDeps<State> {
  /** Gives a member what it lacks, by `send`, until it has all or `send` says that it takes no more. */
  readonly serve: (member: Member<State>) => void;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Runs it after whatever else waits for its turn. */
  readonly soon: (run: () => void) => void;
}

/** Members that are written to in one go: a millisecond of work, between which the chain has its turn. */
const SLICE = 16;
/** A member that takes nothing for so long is let go of; it comes back and says where it stopped. Milliseconds. */
export const MAX_FULL_MS = 30_000;

/**
 * Everybody who follows one stream. What is said is made once, and the same bytes go to all. A member that is slower
 * than the stream is passed over, and served anew when it has drained: what waits for it is never more than one write
 * beyond what its connection holds.
 */
export class Audience<State> {
  readonly #deps: AudienceDeps<State>;
  /** Since when each takes no more; null while it does. */
  readonly #fullSince = new Map<Member<State>, number | null>();
  #underWay = false;
  #again = false;

  constructor(deps: AudienceDeps<State>) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#fullSince.size;
  }

  /** Serves the new member at once. */
  join(sink: Sink, state: State): Member<State> {
    const member = { sink, state };
    this.#fullSince.set(member, null);
    sink.onDrain(() => {
      if (!this.#fullSince.has(member)) return;
      this.#fullSince.set(member, null);
      this.#deps.serve(member);
    });
    this.#deps.serve(member);
    return member;
  }

  leave(member: Member<State>): void {
    this.#fullSince.delete(member);
  }

  /** False when the member takes no more for now: it is served again when it drained. */
  send(member: Member<State>, bytes: Uint8Array): boolean {
    if (!this.takes(member)) return false;
    if (member.sink.write(bytes)) return true;
    this.#fullSince.set(member, this.#deps.now());
    return false;
  }

  takes(member: Member<State>): boolean {
    return this.#fullSince.get(member) === null;
  }

  /** Serves everybody, some at a time. A round that is asked for during another begins after it. */
  round(): void {
    if (this.#underWay) {
      this.#again = true;
      return;
    }
    this.#underWay = true;
    this.#each(this.#deps.serve, () => {
      this.#underWay = false;
      if (!this.#again) return;
      this.#again = false;
      this.round();
    });
  }

  /** Says the same to everybody who takes it now. */
  say(bytes: Uint8Array): void {
    this.#each(
      (member) => this.send(member, bytes),
      () => undefined,
    );
  }

  /** Lets go of those who take nothing. To be called now and then. */
  tend(): void {
    const longest = this.#deps.now() - MAX_FULL_MS;
    for (const [member, since] of this.#fullSince) if (since !== null && since <= longest) member.sink.cut();
  }

  #each(run: (member: Member<State>) => void, done: () => void): void {
    const members = [...this.#fullSince.keys()];
    let next = 0;
    const slice = (): void => {
      for (const end = next + SLICE; next < end && next < members.length; next++) {
        const member = members[next]!;
        if (this.takes(member)) run(member);
      }
      if (next < members.length) this.#deps.soon(slice);
      else done();
    };
    slice();
  }
}
