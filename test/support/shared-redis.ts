import type { TestProject } from 'vitest/node';
import { startRedis } from './redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the Redis that all test files share: `inject('redisUrl')`. Use it with a `freshPrefix()`. */
    redisUrl: string;
  }
}

/** Starts the shared Redis for the whole run. Returns the function that stops it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startRedis();
  project.provide('redisUrl', redis.url);
  return () => redis.stop();
}
