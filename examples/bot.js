/**
 * A bot for the room of chat.html. Start it with `node examples/bot.js`, and say `!help` in the chat.
 *
 * SIGNALBOX_URL is the server's address, http://localhost:4000 by default.
 */
import { connect } from 'signalbox/client';

const url = process.env.SIGNALBOX_URL ?? 'http://localhost:4000';

/** The answer of the bot to each command. The function gets the text that follows the command. */
const commands = {
  '!help': () => `I know ${Object.keys(commands).join(', ')}.`,
  '!time': () => `It is ${new Date().toISOString()}.`,
  '!dice': () => `You have rolled ${1 + Math.floor(Math.random() * 6)}.`,
  '!echo': (text) => text || 'Say something after !echo.',
  '!seen': (name) => {
    const at = seen.get(name);
    return at ? `${name} was last here at ${at.toISOString()}.` : `I have not seen ${name || 'nobody'}.`;
  },
};

/** When each name left. Beyond `maxSeen` names, the bot forgets the oldest. */
const seen = new Map();
const maxSeen = 1000;

const box = await connect(url, { username: 'Bot' });
box.on('status', (status) => console.log(status));
box.on('error', ({ message }) => console.error(message));

const room = await box.join('chat', { state: { bot: true } });
console.log(`in the room ${room.id}`);

room.on('peer', (peer) => {
  // The bot greets only newcomers. When a new session of the bot begins, all others were here before.
  if (!peer.wasHere) say(`Welcome, ${peer.username}! Say !help.`);
});

room.on('left', ({ username }) => {
  seen.delete(username);
  seen.set(username, new Date());
  const [oldest] = seen.keys();
  if (seen.size > maxSeen) seen.delete(oldest);
});

room.on('message', (peer, event, data) => {
  if (event !== 'chat' || typeof data !== 'string') return;
  // Two bots must not talk to one another for ever.
  if (peer.state?.bot) return;
  const [command, ...words] = data.trim().split(/\s+/);
  if (Object.hasOwn(commands, command)) say(commands[command](words.join(' ')));
});

/** Sends a text to all others. If the connection is lost, the client sends it later. */
function say(text) {
  room.broadcast('chat', text).catch(({ message }) => console.error(message));
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    // So the others are told at once that the bot has left.
    await box.leave(room.id);
    box.close();
    process.exit();
  });
}
