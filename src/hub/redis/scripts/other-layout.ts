import { SignalboxError } from '../../../errors.ts';

/** Redis holds the data of a version of Signalbox that has another layout: this node must not touch it. */
export class OtherLayout extends SignalboxError {
  constructor(prefix: string, found: string, ours: string) {
    super(
      'UNAVAILABLE',
      `Redis holds data of another version of Signalbox under the prefix ${JSON.stringify(prefix)}: it has layout ${found}, and this version needs ${ours}. Use another REDIS_PREFIX, or stop all nodes of the other version and delete the keys {${prefix}}:*.`,
    );
  }
}
