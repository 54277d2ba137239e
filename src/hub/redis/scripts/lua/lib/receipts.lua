-- Receipts: the replies to the sender of a signal. If the sender gave a key, its session remembers the receipt, so that
-- a repeated call gets the receipt and sends nothing (G14).
--
-- Libraries: keys, ids

-- The receipt of the session's earlier message with this key. Nil if there is none, or if `message_key` is empty.
local function earlier_receipt(peer, message_key)
  if message_key == '' then return nil end
  for connected = 0, 1 do
    local id = redis.call('ZSCORE', session_receipts_key(peer), connected .. ' ' .. message_key)
    if id then return { decimal(tonumber(id)), connected, 0 } end
  end
end

-- Makes the receipt of a message, and remembers it if the message has a key. `connected` is 1 or 0; `receivers` is the
-- number of receivers.
local function make_receipt(peer, message_key, id, connected, receivers)
  if message_key ~= '' then
    local receipts = session_receipts_key(peer)
    redis.call('ZADD', receipts, decimal(id), connected .. ' ' .. message_key)
    redis.call('ZREMRANGEBYRANK', receipts, 0, -1 - max_receipts)
    keep(receipts)
  end
  return { decimal(id), connected, receivers }
end
