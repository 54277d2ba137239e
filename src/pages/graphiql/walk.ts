import { randomId } from '../../client/random-id.ts';
import { type DocumentName, documents } from './documents.ts';
import type { Peer } from './peer.ts';
import type { Peers } from './peers.ts';

/** This window has a room of its own, so two visitors do not meet. */
export const roomId = `walk-${randomId()}`;

export const walkDocuments = documents(roomId);

/** One button of the walk: a peer runs a document. */
export interface Action {
  readonly label: string;
  readonly who: 'ada' | 'ben';
  readonly document: DocumentName;
  /** The variables. Undefined while they are not known yet: then the button is off. */
  readonly variables: (self: Peer, other: Peer) => Readonly<Record<string, unknown>> | undefined;
}

export interface Step {
  readonly title: string;
  readonly text: string;
  readonly actions: readonly Action[];
}

const ifToken = ({ token }: Peer) => (token === undefined ? undefined : {});

function access(who: Action['who']): Action {
  return {
    label: `${who === 'ada' ? 'Ada' : 'Ben'} gets a token`,
    who,
    document: 'Access',
    variables: ({ name }) => ({ username: name }),
  };
}

function join(who: Action['who'], colour: string): Action {
  return {
    label: `${who === 'ada' ? 'Ada' : 'Ben'} joins`,
    who,
    document: 'JoinRoom',
    variables: (self) => ifToken(self) && { roomId, state: { colour } },
  };
}

function relay(who: Action['who'], label: string, event: string): Action {
  return {
    label,
    who,
    document: 'Relay',
    variables: (self, { id }) =>
      id === undefined
        ? undefined
        : ifToken(self) && { roomId, peerId: id, event, data: { type: event, sdp: 'v=0 …' } },
  };
}

/** The walk through the API, from top to bottom. */
export const steps: readonly Step[] = [
  {
    title: 'Get tokens',
    text: '`access` gives a guest a token. This page keeps the token and sends it from every tab.',
    actions: [access('ada'), access('ben')],
  },
  {
    title: 'Listen',
    text: '`messages` opens a peer’s stream, where everything for the peer arrives. It stays open while you look at other tabs.',
    actions: [
      { label: 'Ada listens', who: 'ada', document: 'Messages', variables: ifToken },
      { label: 'Ben listens', who: 'ben', document: 'Messages', variables: ifToken },
    ],
  },
  {
    title: 'Meet in a room',
    text: '`joinRoom` tells both of each other. Exactly one has `offer: true`: that peer sends the offer.',
    actions: [join('ada', 'green'), join('ben', 'blue')],
  },
  {
    title: 'Signal',
    text: '`relay` sends data to one peer: an offer, an answer, a candidate, or anything else.',
    actions: [relay('ben', 'Ben sends an offer', 'offer'), relay('ada', 'Ada answers', 'answer')],
  },
  {
    title: 'Speak to all, and leave',
    text: '`broadcast` sends to all other members. `leaveRoom` tells them at once.',
    actions: [
      {
        label: 'Ada greets all',
        who: 'ada',
        document: 'Broadcast',
        variables: (self) => ifToken(self) && { roomId, data: { text: 'Hello, everyone' } },
      },
      {
        label: 'Ben leaves',
        who: 'ben',
        document: 'LeaveRoom',
        variables: (self) => ifToken(self) && { roomId },
      },
    ],
  },
];

/** The variables of an action now. Undefined if its button is off. */
export function variablesOf({ who, variables }: Action, peers: Peers): object | undefined {
  return variables(peers[who], peers.otherThan(peers[who]));
}
