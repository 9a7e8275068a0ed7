type Told = (entry: IntersectionObserverEntry) => void;
/** Tells of an element that comes near the window or leaves it, until it is called off. */
export type Watch = (element: Element, tell: Told) => () => void;

/** One observer for all elements of a page at one distance: a browser asks each observer in each frame. */
const watcher = (margin: number): Watch => {
  const told = new Map<Element, Told>();
  let observer: IntersectionObserver | null = null;
  return (element, tell) => {
    observer ??= new IntersectionObserver(
      (entries) => {
        // A busy page is told of several turns at once, oldest first: how it is now stands last.
        const newest = new Map(entries.map((entry) => [entry.target, entry]));
        for (const [target, entry] of newest) told.get(target)?.(entry);
      },
      { rootMargin: `${margin}px` },
    );
    told.set(element, tell);
    observer.observe(element);
    return () => {
      observer?.unobserve(element);
      told.delete(element);
    };
  };
};

/** Chunks this far above and below the window are drawn, pixels. */
const NEAR = 600;
/** Bundles this far have their chunks, so that these are there before they are near. */
const OPEN = 2_500;
/** Bundles further away than this are put away as a whole; not at once beyond `OPEN`, so that none goes to and fro. */
export const FAR = 4_000;

export const watchNear = watcher(NEAR);
export const watchOpen = watcher(OPEN);
export const watchFar = watcher(FAR);
