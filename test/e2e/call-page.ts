/**
 * The script of a page that calls another page through Signalbox. It uses only what a browser has: fetch,
 * EventSource and RTCPeerConnection. It runs in the browser, with its types stripped.
 */

/** Reports an event to the test. `exposeFunction` defines it before the page runs. */
declare function report(news: Readonly<Record<string, unknown>>): Promise<void>;

interface Message {
  readonly __typename: string;
  readonly cursor: string;
  readonly resumed?: boolean;
  readonly offer?: boolean;
  readonly reason?: string;
  readonly event?: string;
  readonly data?: unknown;
  readonly peer: { readonly id: string; readonly username: string };
}

type Description = RTCSessionDescriptionInit;
type Candidate = RTCIceCandidateInit;

const { node, room, name } = Object.fromEntries(new URLSearchParams(location.hash.slice(1))) as {
  node: string;
  room: string;
  name: string;
};

const subscription = `subscription {
  messages {
    __typename
    cursor
    ... on Connected { resumed peer { id username } }
    ... on PeerAdded { offer peer { id username } }
    ... on PeerRemoved { reason peer { id username } }
    ... on Signal { event data peer { id username } }
  }
}`;

/** One connection per peer, by the peer's id. */
const connections = new Map<string, RTCPeerConnection>();
const channels = new Map<string, RTCDataChannel>();
let token = sessionStorage.getItem('token') ?? '';

async function graphql<Data>(query: string, variables: Readonly<Record<string, unknown>>): Promise<Data> {
  const response = await fetch(`${node}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

function relay(peerId: string, event: string, data: unknown): Promise<unknown> {
  return graphql(
    `mutation ($room: ID!, $peerId: ID!, $event: String!, $data: JSON) {
      relay(roomId: $room, peerId: $peerId, event: $event, data: $data) { status }
    }`,
    { room, peerId, event, data },
  );
}

function connect(peerId: string): RTCPeerConnection {
  connections.get(peerId)?.close();
  const connection = new RTCPeerConnection();
  connections.set(peerId, connection);
  connection.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate) void relay(peerId, 'candidate', candidate.toJSON());
  });
  connection.addEventListener('datachannel', ({ channel }) => use(peerId, channel));
  return connection;
}

function use(peerId: string, channel: RTCDataChannel): void {
  channels.set(peerId, channel);
  channel.addEventListener('open', () => void report({ type: 'open' }));
  channel.addEventListener('message', ({ data }) => void report({ type: 'said', text: data }));
}

async function offer(peerId: string): Promise<void> {
  const connection = connect(peerId);
  use(peerId, connection.createDataChannel('hello'));
  await connection.setLocalDescription();
  await relay(peerId, 'offer', connection.localDescription?.toJSON());
}

async function take({ event, data, peer }: Message): Promise<void> {
  const connection = connections.get(peer.id);
  switch (event) {
    case 'offer': {
      const answerer = connect(peer.id);
      await answerer.setRemoteDescription(data as Description);
      await answerer.setLocalDescription();
      await relay(peer.id, 'answer', answerer.localDescription?.toJSON());
      break;
    }
    case 'answer':
      await connection?.setRemoteDescription(data as Description);
      break;
    case 'candidate':
      await connection?.addIceCandidate(data as Candidate);
      break;
  }
}

async function follow(message: Message): Promise<void> {
  const { __typename: type, resumed, offer: mine, reason, event } = message;
  await report({ type, resumed, offer: mine, reason, event, from: message.peer.username });
  if (type === 'Connected' && !resumed) {
    await graphql('mutation ($room: ID!) { joinRoom(roomId: $room) { id } }', { room });
  }
  if (type === 'PeerAdded' && mine) await offer(message.peer.id);
  if (type === 'Signal') await take(message);
}

async function start(): Promise<void> {
  if (!token) {
    const query = 'mutation ($name: String!) { access(username: $name) { token } }';
    token = (await graphql<{ access: { token: string } }>(query, { name })).access.token;
    // A reload keeps session storage; a second tab has its own.
    sessionStorage.setItem('token', token);
  }
  const url = `${node}/graphql?${new URLSearchParams({ query: subscription, access_token: token })}`;
  const source = new EventSource(url);
  // One message after the other: a candidate is of no use before its offer.
  let following = Promise.resolve();
  source.addEventListener('next', ({ data }) => {
    const { data: result, errors } = JSON.parse(data);
    following = following
      .then(() => (errors ? report({ type: 'errors', errors }) : follow(result.messages)))
      .catch((error: unknown) => report({ type: 'failure', message: String(error) }));
  });
  source.addEventListener('error', () => void report({ type: 'lost', state: source.readyState }));
  source.addEventListener('complete', () => source.close());
}

/** The test calls these. */
Object.assign(window, {
  say(text: string) {
    for (const channel of channels.values()) if (channel.readyState === 'open') channel.send(text);
  },
  send(event: string, data: unknown) {
    return Promise.all([...connections.keys()].map((peerId) => relay(peerId, event, data)));
  },
});

start().catch((error: unknown) => report({ type: 'failure', message: String(error) }));
