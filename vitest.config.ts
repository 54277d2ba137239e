import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // Ours must be the graphql that graphql-yoga requires: two copies of it refuse one another's schemas.
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/shared-redis.ts',
    pool: 'forks',
    // Tests start servers, browsers and Redis beside themselves: more at once only makes all slower.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // As long as all other waits: on a busy machine the default of one second is too short.
    expect: { poll: { timeout: 20_000 } },
    // A test that passes at the second attempt has found something.
    retry: 0,
  },
});
