import type { Command } from 'commander'
import { addCommands, newCommand } from './command.ts'
import {
  advisoryAdd,
  advisoryList,
  advisoryPublish,
  advisoryWithdraw,
} from './commands/advisory.ts'
import { backupCreate } from './commands/backup-create.ts'
import { backupList } from './commands/backup-list.ts'
import { backupRestore } from './commands/backup-restore.ts'
import { backupVerify } from './commands/backup-verify.ts'
import { config } from './commands/config.ts'
import { elbaCommands } from './commands/elba.ts'
import { gc } from './commands/gc.ts'
import { grenCommands } from './commands/gren.ts'
import { indexRebuild } from './commands/index-rebuild.ts'
import { indexSquash } from './commands/index-squash.ts'
import { indexStatus } from './commands/index-status.ts'
import { jobsDiscard } from './commands/jobs-discard.ts'
import { jobsList } from './commands/jobs-list.ts'
import { jobsRetry } from './commands/jobs-retry.ts'
import { logRebuild } from './commands/log-rebuild.ts'
import { logVerify } from './commands/log-verify.ts'
import { memberAdd } from './commands/member-add.ts'
import { memberInvitations } from './commands/member-invitations.ts'
import { memberInvite } from './commands/member-invite.ts'
import { memberList } from './commands/member-list.ts'
import { memberRemove } from './commands/member-remove.ts'
import { memberUninvite } from './commands/member-uninvite.ts'
import { migrate } from './commands/migrate.ts'
import { namespaceCreate } from './commands/namespace-create.ts'
import { namespaceDelete } from './commands/namespace-delete.ts'
import { namespaceList } from './commands/namespace-list.ts'
import { openapi } from './commands/openapi.ts'
import { oriCommands } from './commands/ori.ts'
import { packageCommands } from './commands/package.ts'
import { searchRebuild } from './commands/search-rebuild.ts'
import { serve } from './commands/serve.ts'
import { tokenCreate } from './commands/token-create.ts'
import { tokenList } from './commands/token-list.ts'
import { tokenRevoke } from './commands/token-revoke.ts'
import { userCreate } from './commands/user-create.ts'
import { userDisable, userEnable } from './commands/user-disable.ts'
import { userList } from './commands/user-list.ts'
import { verify } from './commands/verify.ts'
import { webhookCommands } from './commands/webhook.ts'
import { settingsOptions } from './settings-options.ts'
import { writeError, writeOut } from './stdio.ts'
import { VERSION } from './version.ts'

/** The whole command line. It throws CommanderError where commander would end the process. */
export function createProgram(): Command {
  const program = newCommand({
    name: 'entrepot',
    description: 'One self-hosted package registry that speaks every package manager’s protocol.',
    examples: [
      'serve',
      'user create ann --email ann@example.org --operator',
      'token create --user ann --scope read,publish,admin',
      'help token create',
    ],
  })
    .usage('<command> [options]')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show how a command is used')
    .helpCommand('help [command]', 'show how a command is used')
    .option('--json', 'print JSON')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut,
      writeErr: writeError,
      outputError: (text, write) => write(text.replace(/^error: /, 'entrepot: ')),
    })
    .showHelpAfterError('  add --help to see how it is used')
    .exitOverride()
  for (const option of settingsOptions()) program.addOption(option)
  return addCommands(program, commands())
}

function commands(): Command[] {
  return [
    serve(),
    migrate(),
    group('user', 'Accounts of people', [userCreate(), userList(), userDisable(), userEnable()]),
    group('token', 'What people and robots log in with', [
      tokenCreate(),
      tokenList(),
      tokenRevoke(),
    ]),
    group('namespace', 'Who owns names', [namespaceCreate(), namespaceList(), namespaceDelete()]),
    group('member', 'Who may do what in a namespace', [
      memberAdd(),
      memberRemove(),
      memberList(),
      memberInvite(),
      memberUninvite(),
      memberInvitations(),
    ]),
    packageCommands(),
    oriCommands(),
    elbaCommands(),
    grenCommands(),
    webhookCommands(),
    group('advisory', 'Known vulnerabilities', [
      advisoryAdd(),
      advisoryPublish(),
      advisoryWithdraw(),
      advisoryList(),
    ]),
    group('search', 'What search knows', [searchRebuild()]),
    group('index', 'What clients look packages up in, as git repositories and files', [
      indexStatus(),
      indexRebuild(),
      indexSquash(),
    ]),
    group('log', 'The transparency log', [logVerify(), logRebuild()]),
    gc(),
    verify(),
    group('backup', 'Copies of everything, to restore from', [
      backupCreate(),
      backupList(),
      backupVerify(),
      backupRestore(),
    ]),
    group('jobs', 'Work in the background', [jobsList(), jobsRetry(), jobsDiscard()]),
    config(),
    openapi(),
  ]
}

function group(name: string, description: string, children: readonly Command[]): Command {
  const examples = [`${name} --help`]
  return addCommands(newCommand({ name, description, examples }), children)
}
