import type { ExecutionResult } from 'graphql';
import type { JsonText } from '../json-text.ts';

/** The result of an operation, or of one event of a subscription. A prepared operation has written `data` as text. */
export type Result = ExecutionResult<Record<string, unknown> | JsonText>;

/** The results of one subscription. If its stream is cut, `next` rejects (see `isCut`). */
export interface Results extends AsyncIterableIterator<Result, undefined> {
  /** Whether some results are heartbeats. The connection then needs no comments to stay open. */
  readonly heartbeats: boolean;
}
