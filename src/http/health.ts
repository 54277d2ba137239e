import type { ServerResponse } from 'node:http';
import { type NodeSign, nodeHeader, writeSign } from './ask-ready.ts';
import { sendJson } from './respond.ts';

/** Says that the process is alive. */
export function answerHealth(res: ServerResponse): void {
  sendStatus(res, 200, 'ok');
}

/** Tells a load balancer whether to send requests to this node, and tells other nodes which node this is. */
export function answerReady(res: ServerResponse, ready: boolean, sign: NodeSign | undefined): void {
  if (sign) res.setHeader(nodeHeader, writeSign(sign));
  if (ready) sendStatus(res, 200, 'ok');
  else sendStatus(res, 503, 'unavailable');
}

function sendStatus(res: ServerResponse, code: number, status: string): void {
  sendJson(res, code, 'application/json', JSON.stringify({ status }));
}
