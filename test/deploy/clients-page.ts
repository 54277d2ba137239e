/**
 * The script of a page that has many clients of Signalbox, each with a peer of its own: bare EventSources, and clients
 * of `client.js`, which read their streams with fetch. It runs in the browser, with its types stripped. It calls the
 * server of the page itself, so through the load balancer.
 */

/** What a client got so far. */
interface Follower {
  readonly name: string;
  readonly token: string;
  /** The data of the signals that came. */
  readonly numbers: number[];
  /** The names of the peers that were removed from its rooms. */
  readonly removed: string[];
  /** How many sessions it began, how often it resumed one, and how often it lost its stream. */
  connected: number;
  resumed: number;
  lost: number;
  /** How it ended. Undefined while it goes on. */
  over?: string;
}

interface Message {
  readonly __typename: string;
  readonly resumed: boolean;
  readonly data: number;
  readonly peer: { readonly username: string };
}

interface ClientRoom {
  on(name: 'message', listener: (peer: object, event: string, data: number) => void): void;
  on(name: 'left', listener: (peer: { username: string }) => void): void;
}

interface ClientBox {
  join(roomId: string): Promise<ClientRoom>;
  on(name: 'status', listener: (status: string) => void): void;
}

type Connect = (
  url: string,
  options: { token: () => string; retryMs: (attempt: number) => number },
) => Promise<ClientBox>;

const followers: Follower[] = [];
const sources = new Map<Follower, EventSource>();
const ends = new Map<string, Promise<string>>();

async function graphql<Data>(query: string, variables: object, token?: string): Promise<Data> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

async function follower(name: string): Promise<Follower> {
  const query = 'mutation ($name: String!) { access(username: $name) { token } }';
  const { access } = await graphql<{ access: { token: string } }>(query, { name });
  const made = { name, token: access.token, numbers: [], removed: [], connected: 0, resumed: 0, lost: 0 };
  followers.push(made);
  return made;
}

/** Resolves to how long the first event took, in milliseconds. */
function followByEventSource(me: Follower, room: string): Promise<number> {
  const query = `subscription ($room: ID!) { messages(join: [{ roomId: $room }]) { __typename
    ... on Connected { resumed } ... on Signal { data } ... on PeerRemoved { peer { username } } } }`;
  const variables = JSON.stringify({ room });
  const since = performance.now();
  const source = new EventSource(
    `/graphql?${new URLSearchParams({ query, variables, access_token: me.token })}`,
  );
  sources.set(me, source);
  return new Promise((resolve) => {
    source.addEventListener('next', ({ data }) => {
      resolve(performance.now() - since);
      const { data: result, errors } = JSON.parse(data);
      if (errors) me.over = JSON.stringify(errors);
      else take(me, result.messages);
    });
    source.addEventListener('error', () => {
      me.lost++;
      if (source.readyState === EventSource.CLOSED) me.over = 'gave up';
    });
    source.addEventListener('complete', () => source.close());
  });
}

function take(me: Follower, { __typename, resumed, data, peer }: Message): void {
  if (__typename === 'Connected') me[resumed ? 'resumed' : 'connected']++;
  if (__typename === 'Signal') me.numbers.push(data);
  if (__typename === 'PeerRemoved') me.removed.push(peer.username);
}

async function followByFetch(me: Follower, room: string): Promise<void> {
  const { connect } = (await import(`${location.origin}/client.js`)) as { connect: Connect };
  const box = await connect(location.origin, {
    token: () => me.token,
    retryMs: (attempt) => Math.min(1000, 100 * 2 ** attempt),
  });
  me.connected++;
  box.on('status', (status) => {
    if (status === 'connected' || status === 'resumed') me[status]++;
    if (status === 'connecting' || status === 'unavailable') me.lost++;
    if (status === 'closed' || status === 'replaced') me.over = status;
  });
  const entered = await box.join(room);
  entered.on('message', (_peer, _event, data) => me.numbers.push(data));
  entered.on('left', ({ username }) => me.removed.push(username));
}

/** The test calls these. */
Object.assign(window, {
  /** Opens so many event sources at once. Resolves to how long the first event of each took, in milliseconds. */
  async openEventSources(name: string, room: string, count: number): Promise<number[]> {
    const all = await Promise.all(Array.from({ length: count }, (_, i) => follower(`${name} ${i}`)));
    return Promise.all(all.map((me) => followByEventSource(me, room)));
  },
  async openFetchClients(name: string, room: string, count: number): Promise<void> {
    const all = await Promise.all(Array.from({ length: count }, (_, i) => follower(`${name} ${i}`)));
    await Promise.all(all.map((me) => followByFetch(me, room)));
  },
  /** Opens a stream with fetch. Resolves to the status of the answer. */
  async openReader(name: string): Promise<number> {
    const { token } = await follower(name);
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: {
        Accept: 'text/event-stream',
        'Content-Type': 'application/json',
        Authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ query: 'subscription { messages { cursor } }' }),
    });
    const end = response.text().then(
      () => 'as HTTP requires',
      () => 'broken off',
    );
    ends.set(name, end);
    return response.status;
  },
  /** Resolves when this stream ends, to how its body ends. */
  endOf: (name: string) => ends.get(name),
  /** Sends this and waits until it comes on the stream of another follower. Resolves to the time, in milliseconds. */
  async send(from: string, to: string, room: string, data: number): Promise<number> {
    const sender = followers.find(({ name }) => name === from);
    const receiver = followers.find(({ name }) => name === to);
    if (!sender || !receiver) throw new Error('There is no such follower.');
    const query = `mutation ($room: ID!, $data: JSON) { broadcast(roomId: $room, event: "n", data: $data) { cursor } }`;
    const since = performance.now();
    const arrived = new Promise((resolve) =>
      sources.get(receiver)?.addEventListener('next', resolve, { once: true }),
    );
    await graphql(query, { room, data }, sender.token);
    await arrived;
    return performance.now() - since;
  },
  /** Closes the event sources with this in their name. */
  closeEventSources(name: string): void {
    for (const [me, source] of sources) {
      if (me.name.startsWith(name)) source.close();
    }
  },
  report: () => followers,
});
