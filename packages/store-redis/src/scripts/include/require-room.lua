-- Redis looks for room only before the first write of a script, and only when that one may grow. A script that begins
-- by removing something would go on without any. This one changes nothing.
redis.call('ZADD', DOCUMENT_ORDER, 'XX', 0, '')
