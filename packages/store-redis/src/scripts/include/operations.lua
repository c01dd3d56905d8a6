-- Looks `operation` up: `row` is nil when it is not known, else `madeIn`, `known`, `first`, `version` and `revision` are
-- its incarnation, fingerprint and outcome. Answers 'incomplete' when operations of the session are missing: it counts
-- them, the mark included, and a single one that is missing would let its retry be applied again. `inc` is nil for a
-- session that is not there.
local row = redis.call('HGET', OPERATIONS, operation)
if not row and (not inc or old > 0) then row = redis.call('HGET', OLDER_OPERATIONS, operation) end
if not row and inc and (redis.call('HLEN', OPERATIONS) ~= ops or (old > 0 and redis.call('HLEN', OLDER_OPERATIONS) ~= old)) then
  return { 'incomplete' }
end
local madeIn, known, first, version, revision = string.match(row or '', '^([^|]*)|([^|]*)|(%d+)|(%d+)|(%d+)$')
if row and not madeIn then return { 'corrupt' } end
