-- #include format

-- The head is the last element of the log, so that no part of a log can be lost without the rest: it expires, is
-- evicted and is moved to another node as a whole, and one LRANGE reads the newest events with the state of their
-- session. What every append changes comes first. Returns nil and why for a text that is none.
local function parseHead(text)
  local version, revision, bytes, updated, expires, ops, token, inc, first, created, ttl, fixed, sealed, old, rotate, docs, derived, landmarks, aux, removal, rest =
    string.match(text, '^H{{formatVersion}}|(%d+)|(%d+)|(%d+)|(%-?%d+)|(%d+)|(%d+)|([^|]*)|([^|]*)|(%d+)|(%-?%d+)|(%d+)|([01])|([01])|(%d+)|(%d+)|(%d+)%.(%d+)%.(%d+)|(%d+)|(%d+)|(.*)$')
  if not inc then return nil, problemOf(text) end
  return { inc = inc, version = tonumber(version), revision = tonumber(revision), first = tonumber(first),
    bytes = tonumber(bytes), created = created, updated = updated, ttl = tonumber(ttl), fixed = fixed,
    expires = tonumber(expires), sealed = sealed, ops = tonumber(ops), old = tonumber(old),
    rotate = tonumber(rotate), token = token, docs = tonumber(docs), derived = tonumber(derived), landmarks = tonumber(landmarks), aux = tonumber(aux), removal = tonumber(removal), rest = rest }
end

-- #include head-text
