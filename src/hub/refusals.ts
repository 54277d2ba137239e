/** Why a node takes no new stream, for the client to read: another node may. */
export const goingDown =
  'This server is going down: open `messages` again, after your last id, and another will answer.';
export const fullOfStreams =
  'This server holds as many streams as it may (MAX_STREAMS). Try again in a moment.';
