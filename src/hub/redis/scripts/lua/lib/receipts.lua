-- Receipts: what the sender of a signal is told. If the sender gave a key, its session remembers the receipt, so that a
-- repeated call is answered and not sent again (G14).
--
-- Libraries: keys, ids

-- The receipt of the session's earlier message with this key. Nil if there is none, or if `message_key` is empty.
local function earlier_receipt(peer, message_key)
  if message_key == '' then return nil end
  for connected = 0, 1 do
    local id = redis.call('ZSCORE', key.session_receipts(peer), connected .. ' ' .. message_key)
    if id then return { decimal(tonumber(id)), connected, 0 } end
  end
end

-- Makes the receipt of a message, and remembers it if the message has a key. `connected` is 1 or 0; `receivers` is how many
-- the message was sent to.
local function make_receipt(peer, message_key, id, connected, receivers)
  if message_key ~= '' then
    local receipts = key.session_receipts(peer)
    redis.call('ZADD', receipts, decimal(id), connected .. ' ' .. message_key)
    redis.call('ZREMRANGEBYRANK', receipts, 0, -1 - max_receipts)
    keep(receipts)
  end
  return { decimal(id), connected, receivers }
end
