-- Reports a wrk run as one line of JSON. With arguments "PREFIX FIRST LAST" every request asks for
-- another of PREFIX<number>, at random; without, for the URL.

function init(args)
  if #args < 3 then return end
  local prefix, first, last = args[1], tonumber(args[2]), tonumber(args[3])
  math.randomseed(os.time())
  request = function()
    return wrk.format(nil, prefix .. math.random(first, last))
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"p50Ms":%.4f,"p99Ms":%.4f,"failures":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
