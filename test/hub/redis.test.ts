import { pino } from 'pino';
import { inject } from 'vitest';
import { RedisHub } from '../../src/hub/redis/hub.ts';
import { freshPrefix } from '../support/redis.ts';
import { describeHub } from './contract.ts';
import { defaultOptions, type SetUp } from './support.ts';

const log = pino({ level: 'silent' });

const twoNodes: SetUp = async (options) => {
  const shared = { ...defaultOptions, url: inject('redisUrl'), prefix: freshPrefix(), log, ...options };
  const hubs = [new RedisHub(shared), new RedisHub(shared)] as const;
  await Promise.all(hubs.map((hub) => hub.start()));
  return {
    hubs,
    cleanup: async () => {
      await Promise.all(hubs.map((hub) => hub.close()));
    },
  };
};

describeHub('RedisHub, two nodes', twoNodes);
