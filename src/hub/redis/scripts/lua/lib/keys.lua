-- Keys: every key that Signalbox has in Redis, with its type, its fields and their meaning. No other file makes
-- the name of a key, and no other document describes the keys.
--
-- KEYS[1] is the key `{<prefix>}:seq`, a string: the last id that was given (ids.lua). All other names are made
-- from it. They share its braces, so a deployment is in one hash slot: Redis Cluster can run each script, and
-- one primary has all the data.
--
-- Peers and rooms are named by their full ids: the id, behind its space and a character U+001F if it has a space.
--
-- Ids of entries are decimal numbers in microseconds of Redis's clock. Times are in milliseconds of the steady clock
-- (clock.lua) unless it is said otherwise.
--
-- Every key expires some time after the last node has died: `keep` says when. While nodes live, they keep their keys.
-- Nothing that matters depends on expiry, because Redis would delete keys at once if its clock is set forward.

-- The number of this layout. Raise it with each change after which nodes of the version before would misread keys,
-- dispatches or each other's fields: nodes of different layouts refuse to serve together.
local layout = '4'

-- Each name is the prefix, a word, and often the id of a peer, a room or a node. The word keeps the kinds of keys apart:
-- peers and rooms can have any id.
local prefix = string.sub(KEYS[1], 1, -4)

-- Sorted set: the nodes that beat. Score: the time of the node's last beat.
local nodes_key = prefix .. 'nodes'

-- Hash: the Redis that serves as the primary.
--   layout       the number of the layout of all keys
--   run          its run id
--   upto         the last id that it knew when it began to serve
--   takeover     the first id that it gave then, which names this takeover
--   doubt_until  until then, nodes may have ids of the Redis before that this one does not know
--   floor        no cursor below this id can be used; set when a primary had lost writes
--   offset       how far the steady clock is ahead of Redis's, in ms; absent: not at all
--   oldest_kept  entries below this id are past the retention time
--   keep_until   until then `oldest_kept` stays where it is
local primary_key = prefix .. 'primary'

-- Sorted set: the takeovers, each by a Redis that began to serve. Member: the last id that it knew then. Score:
-- the first id that it gave. An id between the two came from the Redis before, and is lost.
local takeovers_key = prefix .. 'takeovers'

-- Sorted set: the nodes that lived at a takeover and have not beaten since (takeovers.lua). Member: '<first id of the
-- takeover> <node>'. Score: the time until which they matter; by then, each session from before has ended or gone on.
local witnesses_key = prefix .. 'witnesses'

-- Hash: the cursors with which clients claim that a takeover has lost writes, until its witnesses are heard. Field:
-- the first id of the takeover. Value: the largest such cursor.
local claims_key = prefix .. 'claims'

-- Sorted set: the keys that are deleted once they are past the retention time: each log, and `room-meta` of rooms
-- without members. Member: the whole key. Score: a time by Redis's clock. For a log, it is the time of one of its
-- entries, not always the last; for `room-meta`, the time when the last member left. An empty member with the score
-- +inf keeps the sorted set from being empty.
local expiring_key = prefix .. 'expiring'

-- Sorted set: the peers whose sessions have no stream. Score: the time at which the session ends.
local detached_key = prefix .. 'detached'

-- Hash: one node. It expires an hour after the node was given up. The node's channel has the same name.
--   n           the number of the last dispatch to the node
--   life        a name for the time since the node was new, or was last given up; absent once it is given up
--   connection  the number of the newest connection on which the node has beaten
--   offset      the offset of the steady clock at the node's last beat; empty if Redis's clock was set since then
--   run         the first 8 characters of the run id of the Redis that serves
--   url         where other nodes can ask it whether it is ready; empty if nowhere
local function node_key(node) return prefix .. 'node:' .. node end

-- Set: the peers whose streams the node holds.
local function node_peers_key(node) return prefix .. 'node-peers:' .. node end

-- Hash: the peer's session.
--   start        the cursor of the session's first `Connected`
--   opened_with  the unusable cursor that the session was opened with; empty if there was none
--   profile      the peer as JSON
--   node         the node that holds the stream; absent while there is no stream
--   stream       the stream's name; absent while there is no stream
--   opened       the time at which the last stream was opened
--   kept         when a stream that opened last kept the keys of the session and of its rooms
--   given_up     the stream that was detached because its node was silent
--   pass         the id of the pass with which the last stream was opened (passes.lua); empty: unknown
-- and the fields of the peer's inbox (logs.lua).
local function session_key(peer) return prefix .. 'session:' .. peer end

-- Hash: the rooms that the peer is in. Field: the room. Value: the id of the join.
local function session_rooms_key(peer) return prefix .. 'session-rooms:' .. peer end

-- Sorted set: the rooms that the session has left. Member: '<id of the join> <room>'. Score: the id of the last
-- entry in the room's log that is for the peer.
local function session_past_key(peer) return prefix .. 'session-past:' .. peer end

-- Sorted set: the receipts of the session's last messages that had a key, at most `max_receipts`. Member: '0 <key>'
-- if there were receivers and none had a stream, else '1 <key>'. Score: the id of the message.
local function session_receipts_key(peer) return prefix .. 'session-receipts:' .. peer end

-- Stream: the log of the entries for this peer alone (logs.lua).
local function inbox_key(peer) return prefix .. 'inbox:' .. peer end

-- Hash: the members of a room. Field: the peer. Value: two lines, '<id of the join> <peer>' and '<state>', where the peer
-- and the state are JSON.
local function room_key(room) return prefix .. 'room:' .. room end

-- Hash: the nodes that hold the streams of members. Field: the node. Value: the number of those members.
local function room_nodes_key(room) return prefix .. 'room-nodes:' .. room end

-- Stream: the log of the entries for all members (logs.lua).
local function room_log_key(room) return prefix .. 'room-log:' .. room end

-- Hash: about the room. It is deleted after the retention time, which begins when the last member is gone.
--   peers_bytes  the size of all members as JSON, in bytes
-- and the fields of the room's log (logs.lua).
local function room_meta_key(room) return prefix .. 'room-meta:' .. room end

-- Sorted set: who was put out of a room and may not come back yet. Members: 'peer <id>', and 'pass <id of the pass>' of
-- its session. Score: until when.
local function room_removed_key(room) return prefix .. 'room-removed:' .. room end

-- Lets keys live for a little more than a day from now. A script calls this for each key that it may have made, unless
-- the key replaces one that lives: no key may stay for ever if no node is left.
local function keep(...)
  for _, name in ipairs({ ... }) do redis.call('PEXPIRE', name, ttl_ms) end
end
