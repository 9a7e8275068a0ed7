import { answerTrpc } from '../../../../server/api/trpcHandler.ts';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

export const GET = answerTrpc;
export const POST = answerTrpc;
