import type { TestProject } from 'vitest/node';
import { startRedis } from './redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the Redis that all test files share: `inject('redisUrl')`. Use a `freshPrefix()` in it. */
    redisUrl: string;
  }
}

/** Starts it for the whole run, and gives back what stops it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startRedis();
  project.provide('redisUrl', redis.url);
  return () => redis.stop();
}
