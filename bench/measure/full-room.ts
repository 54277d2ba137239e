import { type Deployment, withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure, type Sample } from '../figures.ts';
import { connectCallers } from '../load/audience.ts';
import type { Caller } from '../load/caller.ts';
import { fill } from '../load/fill.ts';
import { toWire } from '../load/http.ts';
import { Listener } from '../load/listener.ts';
import { graphql, signalbox } from '../systems.ts';

/** The sizes of the room, with the peer that joins. The last is the most that a room may have. */
const sizes = [10, 100, 300, 1000];
const room = 'plaza';
const leave = `mutation { leaveRoom(roomId: "${room}") }`;

/** What the last join of a room costs Redis, by the size of the room. The others are between connections. */
export async function measureFullRoom(effort: Effort): Promise<readonly Figure[]> {
  return withDeployments(systemsToCompare([signalbox], effort, []), 2, async (deployments) => {
    const joiners: Joiner[] = [];
    for (const deployment of deployments) joiners.push(await Joiner.start(deployment));
    const figures: Figure[] = [];
    for (const size of sizes) {
      for (const joiner of joiners) await joiner.fillUpTo(size - 1);
      figures.push(
        ...(await alternate('full room', joiners, effort.rounds, (joiner) => joiner.join(), size)),
      );
    }
    return figures;
  });
}

class Joiner {
  readonly #deployment: Deployment;
  readonly #caller: Caller;
  #members = 0;

  private constructor(deployment: Deployment, caller: Caller) {
    this.#deployment = deployment;
    this.#caller = caller;
  }

  static async start(deployment: Deployment): Promise<Joiner> {
    const [caller] = await connectCallers(deployment, 0, 1);
    if (!caller) throw new Error('The joiner has no connection.');
    return new Joiner(deployment, caller);
  }

  get name(): string {
    return this.#deployment.name;
  }

  async fillUpTo(members: number): Promise<void> {
    const { program } = this.#deployment;
    const count = members - this.#members;
    const peers = await Promise.all(Array.from({ length: count }, () => program.peer()));
    await fill(this.#deployment, peers, () => room);
    this.#members = members;
  }

  /** A new peer joins, and leaves afterwards. */
  async join(): Promise<Sample> {
    const { program, redis } = this.#deployment;
    if (!program.join) throw new Error(`${program.name} has no members.`);
    const peer = await program.peer();
    const stream = await Listener.open(this.#deployment.node(1).port, program.open(peer, room));
    const { admin } = redis;
    await admin.config('SET', 'slowlog-log-slower-than', '0');
    await admin.slowlog('RESET');
    await this.#caller.sendUntilAccepted(program.join(peer, room));
    const log = (await admin.slowlog('GET', '-1')) as [number, number, micros: number, args: string[]][];
    await admin.config('SET', 'slowlog-log-slower-than', '-1');
    await this.#caller.send(toWire(graphql(peer, leave)));
    stream.close();
    const scripts = log.filter(([, , , [command = '']]) => /^(eval|fcall)/i.test(command));
    return { 'the script of the last join, ms': Math.max(...scripts.map(([, , micros]) => micros)) / 1000 };
  }
}
