import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientHome, type Daemon, missing } from './clients.ts'

const START_TIMEOUT_MS = 30_000

/** Why docker and containerd cannot run here. */
export function missingDocker(): string | undefined {
  const absent = missing('docker', 'dockerd', 'containerd', 'ctr')
  if (absent) return absent
  return process.getuid?.() === 0 ? undefined : 'dockerd and containerd run as root only'
}

/**
 * Starts a containerd and a dockerd of the home's own, beside any that this machine has: other
 * sockets and folders, no network, no firewall rules. `docker` and `ctr` of the home talk to them.
 */
export async function startDocker(home: ClientHome): Promise<Daemon> {
  const containerd = await startContainerd(home)
  const settings = home.path('dockerd.json')
  await writeFile(settings, '{}')
  const socket = home.path('run/docker.sock')
  const dockerd = home.daemon(
    'dockerd',
    ...['--config-file', settings, '--pidfile', home.path('run/docker.pid'), '--group', 'root'],
    ...['--host', `unix://${socket}`, '--containerd', home.path('run/containerd.sock')],
    ...['--data-root', home.path('docker'), '--exec-root', home.path('run/docker')],
    ...['--storage-driver', 'vfs', '--bridge', 'none', '--iptables=false', '--ip6tables=false'],
    '--ip-forward=false',
  )
  const both: Daemon = {
    async stop() {
      await dockerd.stop()
      await containerd.stop()
    },
  }
  await answers(home, 'docker', both)
  return both
}

async function startContainerd(home: ClientHome): Promise<Daemon> {
  const settings = home.path('containerd.toml')
  await writeFile(settings, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
  const dirs = ['--root', home.path('containerd'), '--state', home.path('run/containerd')]
  const socket = home.path('run/containerd.sock')
  const daemon = home.daemon('containerd', '--config', settings, '--address', socket, ...dirs)
  await answers(home, 'ctr', daemon)
  return daemon
}

/** Waits until the daemon of a program answers it; stops the daemon when it never does. */
async function answers(home: ClientHome, program: 'ctr' | 'docker', daemon: Daemon) {
  for (const end = Date.now() + START_TIMEOUT_MS; ; await sleep(100)) {
    try {
      await home.run(program, 'version')
      return
    } catch (error) {
      if (Date.now() < end) continue
      await daemon.stop()
      throw error
    }
  }
}
