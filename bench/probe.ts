import { Session } from 'node:inspector/promises';

/**
 * Loaded into each server that is measured (`node --import`), whose own code is as it always is. It
 * answers the bench's questions over the channel between the two processes.
 */

/** Of the process so far, its threads included. */
export interface CpuAnswer {
  readonly cpuMicros: number;
}

/** After garbage collection. */
export interface MemoryAnswer {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** Microseconds on the CPU by where the code is from, as V8 names it: its function and its file. */
export interface ProfileAnswer {
  readonly frames: readonly { readonly name: string; readonly url: string; readonly micros: number }[];
}

export interface Answers {
  readonly cpu: CpuAnswer;
  readonly memory: MemoryAnswer;
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
      // The second pass collects what finalizers of the first let go of.
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
      globalThis.gc?.();
      const { rss, heapUsed } = process.memoryUsage();
      return { rssBytes: rss, heapBytes: heapUsed };
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

/** Each sample's time goes to the function that ran, not to those that had called it. */
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
// The bench has ended, however it did: there is nobody left to serve.
process.on('disconnect', () => process.exit());
