/**
 * The one ambient name that pure files may mention: ports name it in signatures, and pure plans import types
 * from ports. It is opaque here, so nothing pure can wait on it. (It merges with the DOM's own declaration.)
 */
interface AbortSignal {
  readonly aborted: boolean;
}
