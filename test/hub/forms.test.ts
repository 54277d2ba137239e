import { describe } from 'vitest';
import { aclStories } from './forms/acl.ts';
import { clusterStories } from './forms/cluster.ts';
import { sentinelStories } from './forms/sentinel.ts';
import { singleStories } from './forms/single.ts';
import { tlsStories } from './forms/tls.ts';

/** RedisHub against Redis as people run it: real processes of each form that `REDIS_URL` takes. */
describe('one Redis', singleStories);
describe('over TLS', tlsStories);
describe('a user', aclStories);
describe('behind Sentinel', sentinelStories);
describe('on a Cluster', clusterStories);
