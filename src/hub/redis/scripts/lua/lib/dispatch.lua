-- Dispatches: the texts that scripts publish on the channels of nodes.
--
-- Libraries: keys, ids
--
-- Dispatches to a node have consecutive numbers, so a node notices if it missed one. Each names the Redis that sends
-- it: a node that hears one Redis and asks another must not mix their data (G3).

-- The first 8 characters of this Redis's run id. A beat brings it; other scripts know it from the record of the node
-- that sent them (calls.lua).
local sender

-- Sends one dispatch: a head of JSON, and behind a line feed its entries, as logs.lua describes them, if it has any.
-- `fields` are further fields of the head: JSON that begins with a comma, or empty. `first` is the id of the first entry;
-- nil if the lines of the entries tell it.
local function dispatch(node, kind, fields, first, entries)
  local channel = node_key(node)
  local n = redis.call('HINCRBY', channel, 'n', '1')
  local place = first and ',"first":' .. decimal(first) or ''
  redis.call('PUBLISH', channel, '{"n":' .. n .. ',"run":"' .. sender .. '","newest":' .. decimal(newest) .. ',"kind":"'
    .. kind .. '"' .. fields .. place .. (entries and '}\n' .. entries or '}'))
end
