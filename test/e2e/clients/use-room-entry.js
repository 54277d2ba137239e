// Tells the test what the client of the documented page gets, as the other pages do by themselves.
import { box } from './lobby.jsx';

box.on('status', (status) => {
  if (status === 'connected' || status === 'resumed')
    window.got.push({ __typename: 'Connected', resumed: status === 'resumed' });
});

const room = await box.join('lobby');
room.on('message', (_peer, event, data) => window.got.push({ __typename: 'Signal', event, data }));

window.page = { send: (event, data) => room.broadcast(event, data) };
