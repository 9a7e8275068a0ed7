import { type EmbeddedOptions, type RunningEngine, runEmbedded } from './embedded.ts';

/**
 * Runs the engine on this thread with its HTTP server, for a process that is nothing but an engine. The caller closes
 * it on its signals; what was answered before is on disk. Throws what `runEmbedded` throws.
 */
export const serveEngine = (
  options: EmbeddedOptions & Required<Pick<EmbeddedOptions, 'http'>>,
): Promise<RunningEngine> => runEmbedded(options);
