import { Box, type Peer, type Room } from '../../client/index.ts';
import { Artist } from './artist.ts';
import { Board } from './canvas.ts';
import { coloursOf } from './colours.ts';
import { Cursors } from './cursors.ts';
import { authorOf } from './drawing.ts';
import { Exchange, type Message, type Partner } from './exchange.ts';
import { find } from './find.ts';
import { fontSizeOf } from './geometry.ts';
import { keepDrawing, restoreDrawing } from './keep.ts';
import { keepName, readName, tidyName } from './names.ts';
import { Pen } from './pen.ts';
import { showPeople } from './roster.ts';
import { offerSharing } from './share.ts';
import { announce, showStatus } from './status.ts';
import { enterText } from './text-entry.ts';
import { Tools } from './tools.ts';

/** How long after somebody came or left the drawings are compared once more, in milliseconds. */
const compareMs = 3000;
/**
 * The time between two sends of a stroke, and of the pointer's place, in milliseconds. Each peer that is reached
 * through the server makes this time longer, because the server takes 200 operations a second.
 */
const strokeMs = { direct: 40, perRelayed: 20 } as const;
const pointerMs = { direct: 50, perRelayed: 60 } as const;

const [, path = '/', encodedId = ''] = /^(.*\/)draw\/([^/]+)/.exec(location.pathname) ?? [];
const roomId = decoded(encodedId);
const base = location.origin + path;
document.title = `${roomId} · Drawing room`;

let name = readName();
let room: Room | undefined;
/** The place of the next text. It is used when the pen is lifted: a page cannot open a phone's keyboard before. */
let textAt: readonly [x: number, y: number] | undefined;
let compare: ReturnType<typeof setTimeout> | undefined;
/** The pointer's place that is sent next. */
let pointer: { at: readonly [x: number, y: number] | null } | undefined;
/** The ids that this page has had: a guest whose token is refused gets another. */
const authors = new Set<string>();
const box = new Box([base], { username: name });

const board = new Board(find<HTMLCanvasElement>('board'), () => exchange.drawing.shapes);
const cursors = new Cursors(find('cursors'), board.canvas);
const exchange = new Exchange({ changed, moved }, (author) => authors.has(author));
const tools = new Tools({ undo: () => artist.undo(authors), clear: () => artist.clear() });
const artist = new Artist(exchange, tools, changed, () => waitMs(strokeMs));
new Pen(board, { down, move: (...point) => artist.move(...point), up, hover });
offerSharing(roomId, () => exchange.drawing.shapes);
restoreDrawing(roomId, exchange.drawing);
changed();

const nameField = find<HTMLInputElement>('name');
nameField.value = name;
nameField.addEventListener('change', () => {
  name = tidyName(nameField.value) ?? name;
  nameField.value = name;
  keepName(name);
  room?.setState({ name }).catch(() => undefined);
  showRoster();
});
nameField.addEventListener('keydown', ({ key }) => key === 'Enter' && nameField.blur());

box.on('status', (status) => {
  showStatus(status);
  if (box.peer) authors.add(box.peer.id);
  // While the server was away, this page left out the messages that had to go through it.
  if (status === 'resumed') exchange.refresh();
  showRoster();
});
addEventListener('pagehide', () => {
  keepDrawing(roomId, exchange.drawing);
  box.close();
});
// A page that comes back from the browser's cache has left the room.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());

try {
  await box.connect();
  room = await box.join(roomId, { state: { name } });
  room.on('peer', meet);
  room.on('state', showRoster);
  showRoster();
} catch (error) {
  showStatus('closed');
  announce(error instanceof Error ? error.message : String(error));
}

function meet(peer: Peer): void {
  const channel = peer.channel('drawing');
  const partner: Partner = {
    id: peer.id,
    wasHere: peer.wasHere,
    reachable: () => peer.path === 'direct' || isOnline(),
    send: (message) => channel.send(message),
  };
  channel.on('message', (message) => exchange.receive(partner, message));
  peer.on('path', () => {
    exchange.catchUp(partner);
    showRoster();
  });
  exchange.meet(partner);
  const off = room?.on('left', (left) => {
    if (left !== peer) return;
    off?.();
    exchange.part(partner);
    cursors.hide(peer.id);
    announce(`${nameOf(peer)} has left.`);
    showRoster();
    // The last strokes of the peer may have reached some of the others only.
    compareSoon();
  });
  announce(`${nameOf(peer)} is here.`);
  showRoster();
  compareSoon();
}

function compareSoon(): void {
  clearTimeout(compare);
  compare = setTimeout(() => exchange.refresh(), compareMs);
}

function waitMs({ direct, perRelayed }: { direct: number; perRelayed: number }): number {
  const relayed = room?.peers.filter(({ path }) => path === 'relayed') ?? [];
  return direct + perRelayed * relayed.length;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isOnline(): boolean {
  return box.status === 'connected' || box.status === 'resumed' || box.status === 'renewed';
}

function nameOf({ state, username }: Peer): string {
  const { name: chosen } = (state ?? {}) as { name?: unknown };
  return (typeof chosen === 'string' && tidyName(chosen)) || username;
}

function colourOf(peerId: string): string {
  const peers = room?.peers ?? [];
  const here = peers.filter(({ wasHere }) => wasHere);
  const later = peers.filter(({ wasHere }) => !wasHere);
  const own = box.peer?.id ?? '';
  return coloursOf([...here.map(({ id }) => id), own, ...later.map(({ id }) => id)]).get(peerId) ?? '';
}

function showRoster(): void {
  const id = box.peer?.id ?? '';
  showPeople([
    { name, colour: colourOf(id), path: undefined },
    ...(room?.peers ?? []).map((peer) => ({
      name: nameOf(peer),
      colour: colourOf(peer.id),
      path: peer.path,
    })),
  ]);
}

function changed(): void {
  board.update();
  const { shapes } = exchange.drawing;
  find('hint').classList.toggle('gone', shapes.length > 0);
  find<HTMLButtonElement>('clear').disabled = shapes.length === 0;
  find<HTMLButtonElement>('undo').disabled = !shapes.some(({ id }) => authors.has(authorOf(id)));
}

function moved(id: string, at: readonly [x: number, y: number] | null): void {
  const peer = room?.peers.find((one) => one.id === id);
  if (peer && at) cursors.show(id, nameOf(peer), colourOf(id), at);
  else cursors.hide(id);
}

function down(x: number, y: number, pressure: number): void {
  const author = box.peer?.id;
  // Shapes have their author's id, which the server gives.
  if (author === undefined) return;
  if (tools.kind !== 'text') {
    artist.begin(author, x, y, pressure);
    return;
  }
  textAt = [x, y];
}

function up(): void {
  artist.end();
  const author = box.peer?.id;
  if (!textAt || author === undefined) return;
  const [x, y] = textAt;
  textAt = undefined;
  const size = fontSizeOf({ width: tools.width });
  const { colour } = tools;
  enterText(board.canvas, { x, y, size, colour }, (text) => artist.write(author, x, y, text));
}

function hover(at: readonly [x: number, y: number] | null): void {
  if (pointer) {
    pointer.at = at;
    return;
  }
  pointer = { at };
  setTimeout(() => {
    const message: Message = { type: 'cursor', at: pointer?.at ?? null };
    pointer = undefined;
    exchange.tell(message);
  }, waitMs(pointerMs));
}
