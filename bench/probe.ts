import { Session } from 'node:inspector/promises';

/**
 * Each measured process loads this file with `node --import`, so that its own code stays unchanged. The probe answers the
 * bench's questions over the IPC channel.
 */

/** The CPU time of the process so far, including its threads. */
export interface CpuAnswer {
  readonly cpuMicros: number;
}

/** The memory after garbage collection. */
export interface MemoryAnswer {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** The memory as it is, without garbage collection. */
export interface UsageAnswer {
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** What V8 has taken for the heap. */
  readonly reservedBytes: number;
  /** Buffers, which lie outside the heap. */
  readonly bufferBytes: number;
}

/** CPU time in microseconds by function, with the file that it is from. */
export interface ProfileAnswer {
  readonly frames: readonly { readonly name: string; readonly url: string; readonly micros: number }[];
}

export interface Answers {
  readonly cpu: CpuAnswer;
  readonly memory: MemoryAnswer;
  readonly usage: UsageAnswer;
  readonly startProfile: Record<string, never>;
  readonly stopProfile: ProfileAnswer;
}

export type Question = keyof Answers;

let session: Session | undefined;

async function answer(question: Question): Promise<Answers[Question]> {
  switch (question) {
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return { cpuMicros: user + system };
    }
    case 'memory': {
      // The second collection frees what the finalizers of the first have released.
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
      globalThis.gc?.();
      const { rss, heapUsed } = process.memoryUsage();
      return { rssBytes: rss, heapBytes: heapUsed };
    }
    case 'usage': {
      const { rss, heapUsed, heapTotal, arrayBuffers } = process.memoryUsage();
      return { rssBytes: rss, heapBytes: heapUsed, reservedBytes: heapTotal, bufferBytes: arrayBuffers };
    }
    case 'startProfile':
      session = new Session();
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: 200 });
      await session.post('Profiler.start');
      return {};
    case 'stopProfile':
      return stopProfile();
  }
}

/** Counts the time of each sample for the function that ran, not for its callers. */
async function stopProfile(): Promise<ProfileAnswer> {
  if (!session) throw new Error('No profile was started.');
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  session = undefined;
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const frames = new Map(
    nodes.map(({ id, callFrame }) => [id, { name: callFrame.functionName, url: callFrame.url, micros: 0 }]),
  );
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id);
    if (frame) frame.micros += timeDeltas[i] ?? 0;
  }
  return { frames: [...frames.values()].filter(({ micros }) => micros > 0) };
}

process.on('message', (question: Question) => {
  void answer(question).then((value) => process.send?.(value));
});
// The bench has ended, with success or not. Nobody needs this process any more.
process.on('disconnect', () => process.exit());
