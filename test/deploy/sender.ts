import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.ts';
import type { Caller } from './caller.ts';

/** A member of a room that broadcasts the numbers 0, 1, 2 …, one after the other. */
export class Sender {
  /** The numbers that were acknowledged. */
  readonly sent: number[] = [];
  /** What became of calls that brought no receipt. The sender repeats such a call with its key. */
  readonly failures: string[] = [];
  readonly #caller: Caller;
  readonly #room: string;
  #stopped = true;
  #work: Promise<void> = Promise.resolve();

  constructor(caller: Caller, room: string) {
    this.#caller = caller;
    this.#room = room;
  }

  /** Whether it sends without being told to. */
  get isBusy(): boolean {
    return !this.#stopped;
  }

  /** Sends until `stop`. */
  start(): void {
    this.#stopped = false;
    this.#work = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  /** Sends the next number. Resolves when it is acknowledged. */
  async sendOne(): Promise<void> {
    const data = this.sent.length;
    const variables = { room: this.#room, data, key: randomUUID() };
    const query = `mutation ($room: ID!, $data: JSON, $key: ID) {
      broadcast(roomId: $room, event: "n", data: $data, key: $key) { cursor } }`;
    await until(async () => {
      try {
        const { errors } = await this.#caller.post(query, variables);
        if (!errors) return true;
        this.failures.push(JSON.stringify(errors));
      } catch (error) {
        this.failures.push(String(error));
      }
      return false;
    }, 'a broadcast is acknowledged');
    this.sent.push(data);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.sendOne();
      await sleep(10);
    }
  }
}
