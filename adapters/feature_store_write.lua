-- Store a packed value unless what is there is newer. KEYS[1]: its key; ARGV[1]: the value; ARGV[2]: ms it is kept, 0: for ever.
-- Bytes 1-8: time, big-endian; bytes 9-12: fingerprint of the windows that wrote it. Values of other windows always
-- give way. Times are compared as numbers: Lua's < on strings follows the server's locale. 2^53 ms is past the year 280000.
local held = redis.call('GETRANGE', KEYS[1], 0, 11)
if #held == 12 and string.sub(held, 9, 12) == string.sub(ARGV[1], 9, 12)
   and struct.unpack('>I8', held) > struct.unpack('>I8', ARGV[1]) then
  return 0
end
if ARGV[2] == '0' then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
