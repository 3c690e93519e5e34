-- Drop all but the newest versions and the current one, then the blobs that no version names.
-- KEYS: numbers, current, blobs, and the stems of the version and blob keys (one hash tag, so one slot).
-- ARGV: how many to keep. Answers how many versions went.
local current = redis.call('HGET', KEYS[2], 'number')
local named, gone = {}, 0
for place, number in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  local version = KEYS[4] .. number
  if place <= tonumber(ARGV[1]) or number == current then
    named[redis.call('HGET', version, 'digest')] = true
  else
    redis.call('DEL', version)
    redis.call('ZREM', KEYS[1], number)
    gone = gone + 1
  end
end
for _, digest in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  if not named[digest] then
    redis.call('DEL', KEYS[5] .. digest)
    redis.call('SREM', KEYS[3], digest)
  end
end
return gone
