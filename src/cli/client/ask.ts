import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { CliError } from '#cli/failure.ts'
import { writeError } from '#cli/stdio.ts'

/** Whether somebody is there to be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true
}

/** Asks for a line at the terminal. */
export function ask(question: string): Promise<string> {
  return readLine(question, process.stderr)
}

/** Asks for a secret at the terminal: what is typed is echoed into nothing. */
export async function askSecret(question: string): Promise<string> {
  const nothing = new Writable({ write: (_chunk, _encoding, done) => done() })
  writeError(question)
  return await readLine('', nothing).finally(() => writeError('\n'))
}

/** Ctrl-C and the end of input are no answer. */
async function readLine(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  try {
    return await new Promise<string>((resolve, reject) => {
      const stop = () => reject(new CliError('stopped', 'nothing was done'))
      lines.once('SIGINT', stop)
      lines.once('close', stop)
      lines.question(question).then(resolve, reject)
    })
  } finally {
    lines.close()
  }
}
