import { readdir } from 'node:fs/promises'
import { Counter, Gauge, type Registry } from 'prom-client'

/** Names and meanings as in every Prometheus client; prom-client's own set needs Node's internals. */
export function addProcessMetrics(registry: Registry): void {
  const registers = [registry]
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'process_heap_bytes',
    help: 'Memory that JavaScript objects use.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed)
    },
  })
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors.',
    registers,
    async collect() {
      // Linux only; elsewhere the metric stays 0.
      const names = await readdir('/proc/self/fd').catch(() => [])
      this.set(names.length)
    },
  })
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start of the process, in seconds since 1970.',
    registers,
  }).set(Date.now() / 1000 - process.uptime())
}
