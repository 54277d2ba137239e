import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Caller } from './caller.ts';
import type { Configure } from './load-balancer.ts';
import { QuietStream } from './quiet-stream.ts';
import { Sender } from './sender.ts';
import { type Follower, Stage } from './stage.ts';

const room = 'stage';

/** For stories in which nodes start again and browsers wait for seconds. On a busy machine, that takes long. */
const patient = { timeout: 90_000 };
const patientPoll = { timeout: 40_000 };

function resumesOf(followers: readonly Follower[]): number {
  return followers.reduce((sum, { resumed }) => sum + resumed, 0);
}

export interface Traits {
  /**
   * Whether a stream that a node cuts ends broken off at the client too. HAProxy 2.6 and Caddy 2.6 end it over HTTP/2
   * as if it were complete.
   */
  readonly passesCutsOn?: boolean;
}

/** What clients of two nodes behind this load balancer can rely on. Its configuration is the file in `deploy/`. */
export function tellStories(name: string, configure: Configure, { passesCutsOn = false }: Traits = {}): void {
  describe(`behind ${name}`, () => {
    let stage: Stage;
    let quiet: readonly QuietStream[];
    let sender: Sender;
    beforeAll(async () => {
      stage = await Stage.set(configure);
      // One at each node, because the load balancer chooses the node with the fewest.
      quiet = [await QuietStream.open(stage.site), await QuietStream.open(stage.site)];
    }, 60_000);
    afterAll(() => stage?.[Symbol.asyncDispose]());

    test('the first event of a stream comes within 100 ms, and each event comes alone', async () => {
      // The fastest of some tries: a load balancer that holds events back is never fast, and a busy machine is slow.
      const firsts: number[] = [];
      for (let i = 0; i < 5; i++) {
        firsts.push(...(await stage.call('openEventSources', `early ${i}`, 'early', 1)));
      }
      expect(Math.min(...firsts)).toBeLessThan(100);
      const others: number[] = [];
      for (let n = 0; n < 5; n++) {
        others.push(await stage.call('send', 'early 0 0', 'early 4 0', 'early', n));
      }
      expect(Math.min(...others)).toBeLessThan(100);
      await stage.call('closeEventSources', 'early');
    });

    test('one page has 20 streams at once, over HTTP/2, and each gets a broadcast', async () => {
      await stage.call('openEventSources', 'many', 'many', 20);
      await stage.call('send', 'many 0', 'many 1', 'many', 7);
      const hearing = async () =>
        (await stage.followers('many')).filter(({ numbers }) => numbers.includes(7)).length;
      // All but the one that sent it.
      await expect.poll(hearing).toBe(19);
      expect(await stage.protocols()).toEqual(['h2']);
      await stage.call('closeEventSources', 'many');
    });

    test('G13: an address that asks for too much is limited, whatever it writes into X-Forwarded-For', async () => {
      const twenty = Array.from({ length: 20 }, (_, i) => `a${i}: access(username: "x") { token }`);
      const query = `mutation { ${twenty.join(' ')} }`;
      let code: string | undefined;
      for (let i = 0; code !== 'RATE_LIMITED' && i < 200; i++) {
        const made = `10.1.${i}.1`;
        const headers = { 'x-forwarded-for': made, forwarded: `for=${made}`, 'x-real-ip': made };
        const mallory = new Caller(stage.site, { from: '127.0.0.2', headers });
        const { errors } = await mallory.post(query);
        code = errors?.[0]?.extensions?.code;
        mallory.close();
      }
      expect(code).toBe('RATE_LIMITED');
      const ann = new Caller(stage.site);
      expect(await ann.post('mutation { access(username: "ann") { peer { username } } }')).toEqual({
        data: { access: { peer: { username: 'ann' } } },
      });
      ann.close();
    });

    test(
      'G3, G11: when a node drains, no call fails, and every client resumes at the other node',
      patient,
      async () => {
        await stage.call('openEventSources', 'sender', room, 1);
        const [{ token = '' } = {}] = await stage.followers('sender');
        sender = new Sender(new Caller(stage.site, { token }), room);
        await stage.call('openEventSources', 'stays: event source', room, 6);
        await stage.call('openFetchClients', 'stays: fetch', room, 6);
        expect(await stage.call('openReader', 'reader')).toBe(200);
        sender.start();
        await stage.end(0, 'SIGTERM');
        await stage.restart(0);
        await sender.stop();
        expect(resumesOf(await allHear())).toBeGreaterThan(0);
        expect(sender.failures).toEqual([]);
      },
    );

    test('a stream on which only pings come outlives the timeouts', async () => {
      // The node of the other one has drained meanwhile.
      await Promise.any(quiet.map((stream) => stream.outlivesTimeouts()));
    });

    test(
      'G3, G4: when a node is killed with all streams, every client resumes at the other node',
      patient,
      async () => {
        const before = resumesOf(await stage.followers('stays'));
        sender.start();
        await stage.end(1, 'SIGKILL');
        // This stream was on one of the two nodes.
        const end = await stage.call('endOf', 'reader');
        if (passesCutsOn) expect(end).toBe('broken off');
        await allHear();
        await stage.restart(1);
        await sender.stop();
        expect(resumesOf(await stage.followers('stays'))).toBeGreaterThan(before);
      },
    );

    test('G3: when all nodes are away for a while, no client gives up', patient, async () => {
      const before = await stage.followers('stays: event source');
      await Promise.all([stage.end(0, 'SIGKILL'), stage.end(1, 'SIGKILL')]);
      // Each event source has lost its stream, and has failed to open another. An error would end it for good.
      const haveFailed = async () => {
        const now = await stage.followers('stays: event source');
        return now.every(({ lost }, i) => lost >= (before[i]?.lost ?? 0) + 2);
      };
      await expect.poll(haveFailed, patientPoll).toBe(true);
      await Promise.all([stage.restart(0), stage.restart(1)]);
      await allHear();
    });

    test('no token is in anything that the load balancer wrote', async () => {
      const written = await stage.written();
      for (const { token } of await stage.followers()) expect(written).not.toContain(token.slice(-40));
    });

    /** Waits until all clients have got what was sent before this. Checks that they got it once and in order. */
    async function allHear(): Promise<readonly Follower[]> {
      if (!sender.isBusy) await sender.sendOne();
      const { length } = sender.sent;
      const behind = async () => {
        const followers = await stage.followers('stays');
        return followers
          .filter(({ numbers }) => numbers.length < length)
          .map(({ name: who, over }) => [who, over]);
      };
      await expect.poll(behind, patientPoll).toEqual([]);
      const followers = await stage.followers('stays');
      expect(followers).toHaveLength(12);
      for (const { name: who, numbers, removed, connected, over } of followers) {
        expect(numbers.slice(0, length), who).toEqual(sender.sent.slice(0, length));
        expect({ removed, connected, over }, who).toEqual({ removed: [], connected: 1, over: undefined });
      }
      return followers;
    }
  });
}
