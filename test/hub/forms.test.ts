import { describe } from 'vitest';
import { aclStories } from './forms/acl.ts';
import { clusterStories } from './forms/cluster.ts';
import { sentinelStories } from './forms/sentinel.ts';
import { singleStories } from './forms/single.ts';
import { tlsStories } from './forms/tls.ts';

/** RedisHub with each form of Redis that `REDIS_URL` accepts, as real processes. */
describe('RedisHub on a single Redis', singleStories);
describe('RedisHub over TLS', tlsStories);
describe('the Redis commands in the documentation', aclStories);
describe('RedisHub behind Sentinel', sentinelStories);
describe('RedisHub on a Cluster', clusterStories);
