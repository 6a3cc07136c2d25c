import fc from 'fast-check'
import { test } from '#runtime/test.ts'
import { holds } from '#test/hostile.ts'
import { inspectMutated } from '#test/inspect-mutated.ts'

test('10,000 damaged archives are taken or refused, never worse', {
  timeout: 300_000,
}, async () => {
  await holds(10_000, fc.nat(), inspectMutated)
})
