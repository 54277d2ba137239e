import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { LongPoll } from '../graphql/context.ts';
import type { HeldPlace } from './stream-shares.ts';

/** How long the answer may take to be sent, after the wait. */
const answerMs = 30_000;

/**
 * Makes a long poll of a request. `place` is its place among the streams. `endTurn` lets the next request of the
 * address run.
 */
export function longPollOf(
  res: ServerResponse,
  place: HeldPlace,
  endTurn: () => void,
  log: Logger,
): LongPoll {
  return {
    take: (resumes) => place.take(resumes),
    confirm: (resumed) => place.confirm(resumed),
    wait: (ms, onLeave) => {
      endTurn();
      const { socket } = res.req;
      // The server's idle timeout must not end the wait.
      res.setTimeout(ms + answerMs);
      if (socket.readableEnded || res.destroyed) {
        onLeave();
        return;
      }
      log.debug({ ms }, 'a poll waits');
      // A client that was killed closes its side too. One that only waits for the answer gets it at once.
      socket.once('end', onLeave);
      res.once('close', () => {
        socket.off('end', onLeave);
        onLeave();
      });
    },
  };
}
