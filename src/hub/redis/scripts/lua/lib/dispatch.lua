-- Dispatches: what a node is sent on its channel.
--
-- Libraries: keys, ids
--
-- Dispatches to a node have consecutive numbers, so a node notices if it missed one. Each names the Redis that sends
-- it: a node that hears one Redis and asks another must not mix what they know (G3).

-- The first 8 characters of this Redis's run id. It is on record since the first beat that this Redis received.
local sender

-- Sends one dispatch. `body` is JSON that begins with a comma, or is empty.
local function dispatch(node, kind, body)
  sender = sender or string.sub(redis.call('HGET', key.primary, 'run') or '', 1, 8)
  local n = redis.call('HINCRBY', key.node(node), 'n', 1)
  redis.call('PUBLISH', key.node(node), '{"n":' .. n .. ',"run":"' .. sender .. '","newest":'
    .. decimal(newest) .. ',"kind":"' .. kind .. '"' .. body .. '}')
end

-- The part of a dispatch's body that has entries with consecutive ids.
local function batch_json(first, json)
  return ',"first":' .. decimal(first) .. ',"bytes":' .. #json .. ',"entries":[' .. json .. ']'
end
