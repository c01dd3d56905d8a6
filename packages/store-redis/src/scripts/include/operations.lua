-- Looks an operation up. Returns its parts, nil, or 'incomplete' when operations are missing and 'corrupt' when what is
-- there is none. The head counts them, the mark included: a single one that is missing would let its retry be applied
-- again.
local function findOperation(h, id)
  local row = redis.call('HGET', OPERATIONS, id)
  if not row and (not h or h.old > 0) then row = redis.call('HGET', OLDER_OPERATIONS, id) end
  if row then
    local inc, fingerprint, first, version, revision = string.match(row, '^([^|]*)|([^|]*)|(%d+)|(%d+)|(%d+)$')
    if not inc then return 'corrupt' end
    return { inc = inc, fingerprint = fingerprint, first = tonumber(first), version = tonumber(version), revision = tonumber(revision) }
  end
  if h and (redis.call('HLEN', OPERATIONS) ~= h.ops or (h.old > 0 and redis.call('HLEN', OLDER_OPERATIONS) ~= h.old)) then
    return 'incomplete'
  end
  return nil
end
