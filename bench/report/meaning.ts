import { number, point, times } from './format.ts';
import { atAllSizes, earlierVersion, medianOf, type Place, ratioOf } from './lookup.ts';

const relay: Place = { measurement: 'relay', figure: 'CPU of both nodes, µs' };
const relayInRedis: Place = { measurement: 'relay', figure: 'CPU of Redis, µs' };
const delivery: Place = { measurement: 'broadcast', figure: 'CPU of all nodes per delivery, µs', at: 1000 };
const stream: Place = { measurement: 'streams', figure: 'RSS per stream, KB', at: 10_000 };
const joined: Place = { measurement: 'join', figure: 'time until every peer knows every other, ms' };
const lastJoin: Place = { measurement: 'full room', figure: 'the script of the last join, ms', at: 1000 };
const byNodes: Place = { measurement: 'nodes', figure: 'CPU of all nodes per relay, µs' };
const byRooms: Place = { measurement: 'rooms', figure: 'CPU of all nodes per relay, µs' };
const byPayload: Place = { measurement: 'payload', figure: 'CPU of all nodes per relay, µs' };

/** What an operator can conclude. A point whose figures were not measured is left out. */
export function meaningBlock(): string | undefined {
  const points = [nodes(), memory(), redis(), rooms(), others(), growth(), before()];
  const texts = points.filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.map(point).join('\n');
}

function nodes(): string | undefined {
  const micros = medianOf(relay, 'signalbox');
  const each = medianOf(delivery, 'signalbox');
  if (micros === undefined || each === undefined) return undefined;
  return (
    `**Nodes.** A node uses one core. A relay takes ${number(micros)} µs of CPU on its two nodes together, so one ` +
    `core's worth of CPU does about ${number(1_000_000 / micros)} relays a second. Count what your calls send: an ` +
    'offer, an answer, and some candidates each way. Once a call is set up, it sends next to nothing. A broadcast to ' +
    `1,000 takes ${number(each)} ms of CPU, spread over the nodes that hold the members.`
  );
}

function memory(): string | undefined {
  const kilobytes = medianOf(stream, 'signalbox');
  if (kilobytes === undefined) return undefined;
  return (
    `**Memory.** A stream takes about ${number(kilobytes)} KB, so 10,000 streams take ${number(kilobytes * 10)} MB ` +
    'beside the memory of the node itself. Leave memory free for the backlogs of slow clients.'
  );
}

function redis(): string | undefined {
  const micros = medianOf(relayInRedis, 'signalbox');
  if (micros === undefined) return undefined;
  return (
    '**Redis.** Redis runs scripts on one core, and more nodes do not lift that ceiling. At ' +
    `${number(micros)} µs each it does about ${number(1_000_000 / micros)} relays a second. A broadcast costs it more ` +
    'with more nodes, not with more members.'
  );
}

function rooms(): string | undefined {
  const script = medianOf(lastJoin, 'signalbox');
  const until = medianOf(joined, 'signalbox');
  if (script === undefined || until === undefined) return undefined;
  return (
    '**Large rooms.** Large rooms are expensive to fill, because each member is told of each other one: the number of ' +
    `messages grows with the square of the room, and a join's script with the room. 500 peers knew each other after ` +
    `${number(until / 1000)} s, and the join of the 1,000th peer takes Redis ${number(script)} ms. If an event begins ` +
    'on the hour, let its clients spread their joins over a time in proportion to their number, and give each node a ' +
    'core of its own.'
  );
}

function others(): string | undefined {
  const names = ['floor', 'stock', 'socket.io', 'nchan'];
  const parts = names.flatMap((name) => {
    const [one, many] = [ratioOf(relay, 'signalbox', name), ratioOf(delivery, 'signalbox', name)];
    return one === undefined || many === undefined ? [] : [`${name} ${times(one)} and ${times(many)}`];
  });
  if (parts.length === 0) return undefined;
  return (
    '**Beside the others.** CPU of a relay, and of a delivery of a broadcast to 1,000, as a ratio to each: ' +
    `${new Intl.ListFormat('en').format(parts)}. Signalbox saves CPU with its own HTTP and event streams, with one ` +
    'execution and one encoding for all streams of a node, and with one channel for each node. It spends CPU on ' +
    'tokens, sessions, logs, limits and order.'
  );
}

function growth(): string | undefined {
  const [overNodes, overRooms, overBytes] = [byNodes, byRooms, byPayload].map(span);
  if (!overNodes || !overRooms || !overBytes) return undefined;
  return (
    `**How it grows.** A relay costs the nodes ${times(overNodes.ratio)} as much with ${overNodes.to} nodes as with ` +
    `${overNodes.from}, ${times(overRooms.ratio)} with ${number(overRooms.to)} other rooms as with ` +
    `${number(overRooms.from)}, and ${times(overBytes.ratio)} with ${number(overBytes.to)} bytes as with ` +
    `${number(overBytes.from)}.`
  );
}

/** How much more the largest size costs Signalbox than the smallest. */
function span(place: Place): { from: number; to: number; ratio: number } | undefined {
  const figures = atAllSizes(place);
  const [first, last] = [figures[0], figures.at(-1)];
  const [low, high] = [first?.rows[0]?.median, last?.rows[0]?.median];
  if (first?.at === undefined || last?.at === undefined || !low || !high) return undefined;
  return { from: first.at, to: last.at, ratio: high / low };
}

function before(): string | undefined {
  const name = earlierVersion(relay);
  const [nodes, inRedis] = [relay, relayInRedis].map((place) => name && ratioOf(place, 'signalbox', name));
  if (!nodes || !inRedis) return undefined;
  return (
    `**Beside the version before the prepared operations.** A relay takes ${times(nodes)} the CPU of the nodes, and ` +
    `${times(inRedis)} that of Redis.`
  );
}
