import type { IncomingMessage } from 'node:http';
import { until } from '../support/until.ts';
import { Caller } from './caller.ts';
import type { Site } from './load-balancer.ts';

/** The tests write this in place of the timeouts of `60s` in `deploy/`, so that they need not wait so long. */
export const shortTimeout = '4s';
/** PING_SECONDS is 1 in these tests, and one ping comes at once. */
const pingsBeyondTimeout = 7;

/** A stream of a peer that is in no room: only pings come after its first event. */
export class QuietStream {
  readonly #response: IncomingMessage;
  #pings = 0;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    // A broken connection ends the response too.
    response.on('error', () => undefined);
    response.setEncoding('utf8').on('data', (text: string) => {
      this.#pings += text.split('\n').filter((line) => line === ':').length;
    });
  }

  static async open(site: Site): Promise<QuietStream> {
    const guest = new Caller(site);
    const { data } = await guest.post('mutation { access(username: "quiet") { token } }');
    guest.close();
    const { token } = (data as { access: { token: string } }).access;
    const body = JSON.stringify({ query: 'subscription { messages { cursor } }' });
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
    return new QuietStream(await new Caller(site, { token }).open('POST', '/graphql', headers, body));
  }

  /** Resolves when the stream has been open for longer than the timeouts. Rejects if it ends before. */
  async outlivesTimeouts(): Promise<void> {
    await until(
      () => this.#response.closed || this.#pings >= pingsBeyondTimeout,
      'the stream has had its pings',
    );
    if (this.#pings < pingsBeyondTimeout) throw new Error(`The stream ended after ${this.#pings} pings.`);
  }
}
