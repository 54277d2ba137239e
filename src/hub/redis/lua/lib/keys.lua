-- What the scripts share: the files in lib/ stand in front of each of them, this one first.
--
-- KEYS[1]   {prefix}:seq, the last id given. All other keys are made from it, below and nowhere
--           else, so they are in its hash slot and a Cluster runs the script where they live.
-- ARGV[1]   how many entries a log keeps
-- ARGV[2]   how many bytes of JSON a log keeps
-- ARGV[3]   how long a log is kept after its last entry, in ms
-- ARGV[4]   how long a session outlives its stream (the grace period), in ms
-- ARGV[5]   how many bytes of JSON all peers of a room may take
-- ARGV[6]   how many of them a peer may take in any case
-- ARGV[7…]  the script's own
--
-- An entry's JSON is built here from pieces that are JSON already, so that no value is decoded and
-- encoded again, which would not bring back what came in. Its id is not in it: a log has it as the
-- id in the stream, a dispatch in front.

local max_entries = tonumber(ARGV[1])
local max_bytes = tonumber(ARGV[2])
local retention_ms = tonumber(ARGV[3])
local grace_ms = tonumber(ARGV[4])
local max_room_bytes = tonumber(ARGV[5])
local peer_share = tonumber(ARGV[6])

-- So many takeovers are remembered, for a client or a node that was away meanwhile.
local max_takeovers = 16
-- A session remembers so many rooms that it left, for a resume from before that.
local max_past = 64
-- A resume brings at most so many times what one log keeps.
local max_resume_factor = 4

local prefix = string.sub(KEYS[1], 1, -4)
-- Each kind of key has a word of its own in front: rooms and peers may be named anything.
local key = {
  -- sorted set: node -> its last beat, ms
  nodes = prefix .. 'nodes',
  -- hash: run, the run id of the Redis that serves; upto, the last id it knew when it began to; floor,
  -- below which no cursor serves any more
  primary = prefix .. 'primary',
  -- sorted set: the last id that a Redis knew when it began to serve -> the first that it gave
  takeovers = prefix .. 'takeovers',
  -- sorted set: peer -> when its grace runs out, ms
  detached = prefix .. 'detached',
  -- hash: n, how many dispatches it was sent; life, a name for the time since it was new, or was last given
  -- up; connection, the number of the newest on which it has beaten; the name of its channel too
  node = function(node) return prefix .. 'node:' .. node end,
  -- set: the peers whose streams it holds
  node_peers = function(node) return prefix .. 'node-peers:' .. node end,
  -- hash: start, opened_with, profile (JSON); node and stream while connected; opened, when that was, ms;
  -- given_up, the stream that was lost with its node; and the inbox's fields
  session = function(peer) return prefix .. 'session:' .. peer end,
  -- hash: room -> id of the join
  session_rooms = function(peer) return prefix .. 'session-rooms:' .. peer end,
  -- sorted set: 'join room' -> the last id there that was for the peer, where it has left
  session_past = function(peer) return prefix .. 'session-past:' .. peer end,
  -- log (stream): what is for this peer alone
  inbox = function(peer) return prefix .. 'inbox:' .. peer end,
  -- hash: peer -> 'join {peer as JSON}'
  room = function(room) return prefix .. 'room:' .. room end,
  -- hash: node -> how many connected members it holds
  room_nodes = function(room) return prefix .. 'room-nodes:' .. room end,
  -- log (stream): what is for all members
  room_log = function(room) return prefix .. 'room-log:' .. room end,
  -- hash: peers_bytes, of all members' JSON; and the log's fields
  room_meta = function(room) return prefix .. 'room-meta:' .. room end,
}
local function decimal(number) return string.format('%.0f', number) end

local function now_us()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function now_ms() return math.floor(now_us() / 1000) end

local function last_id() return tonumber(redis.call('GET', KEYS[1]) or '0') end

-- The newest id that this script gave.
local newest = 0

-- Gives `count` ids in a row, and returns the first: a clock that never stands still or runs back.
local function allocate(count)
  local first = math.max(last_id() + 1, now_us())
  newest = first + count - 1
  redis.call('SET', KEYS[1], decimal(newest))
  return first
end
