import { answerChaos, answerVerbs } from '../../../../../server/api/devnet.ts';
import { currentNode } from '../../../../../server/runtime.ts';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

/** The chaos verbs of the devnet that this node is part of; 404 elsewhere. */
export const GET = (): Response => answerVerbs(currentNode());

/** Runs one of them, asked for by this server's own page. */
export const POST = (request: Request): Promise<Response> => answerChaos(currentNode(), request);
