// Figures of backups as Markdown. Targets stand beside them; nothing here fails because of a figure.
import { MIB } from '../options.ts'
import type { Cost, Observed } from '../process.ts'
import { cpu, median, minimum, spread, table, wall } from '../report.ts'
import { type DatabaseRun, PAGE_BYTES } from './database.ts'
import type { UploadRun } from './s3.ts'
import type { UnchangedResult } from './unchanged.ts'
import { FILES, type WholeResult } from './whole.ts'

const GIB = 1024 * MIB
const HOW = 'Wall time is minimum / median of the rounds, CPU the median of user + system, Node’s start included.'

const TARGETS = {
  backupCpu: 'target at most 2.2, better 1.7',
  backupWall: 'target at most 0.5',
  restoreCpu: 'target at most 1.8',
  backupPeak: 'target under 300 MiB besides key derivation',
  unchanged: 'target under 5 s and 250 MiB',
  changed: 'target at most 0.25',
  appended: 'target at most 1.1',
  upload: 'target at least 0.8',
}

/** Whole backups: everyone, then unlocking alone, then our ratios, then every round. */
export function wholeReport(results: readonly WholeResult[], size: number, place: string): string {
  const restic = named(results, 'restic')
  const perGib = ({ costs }: Observed) => ((median(cpu(costs)) * GIB) / size).toFixed(2)
  const head = ['backup s', '× restic', 'CPU s/GiB', 'peak MiB']
  const rows = results.map((result) => [
    result.title,
    ...[result.backup, result.restore].flatMap((observed, column) => [
      spread(wall(observed.costs), 2),
      times(observed, column === 0 ? restic?.backup : restic?.restore),
      perGib(observed),
      peak(observed),
    ]),
    (result.storedBytes / MIB).toFixed(1),
  ])
  const us = named(results, 'holdfast')
  return [
    `### ${(size / MIB).toFixed(0)} MiB in ${FILES} incompressible files, backup and restore, ${place}`,
    '',
    `${HOW} Restores last until the disk has the files.`,
    '',
    table(['', ...head, 'restore s', ...head.slice(1), 'stored MiB'], rows),
    '',
    'Unlocking the repository and nothing else, which the figures above include:',
    '',
    table(
      ['', 'wall s', 'CPU s', 'peak MiB'],
      results.flatMap(({ openings }) => openings.map(costRow)),
    ),
    ...(us === undefined ? [] : ['', ...wholeTargets(us, restic, perGib)]),
    '',
    ...everyRound(
      results.flatMap(({ title, backup, restore }) => [
        { title: `${title}, backup`, costs: backup.costs },
        { title: `${title}, restore`, costs: restore.costs },
      ]),
    ),
  ].join('\n')
}

function wholeTargets(
  { backup, restore }: WholeResult,
  restic: WholeResult | undefined,
  perGib: (observed: Observed) => string,
): string[] {
  return [
    'holdfast:',
    '',
    `- backup: ${perGib(backup)} CPU s/GiB (${TARGETS.backupCpu}), ${peak(backup)} MiB (${TARGETS.backupPeak})`,
    ...(restic === undefined
      ? []
      : [`- backup: ${quotients(backup, restic.backup)} × the time of ${restic.title} (${TARGETS.backupWall})`]),
    `- restore: ${perGib(restore)} CPU s/GiB (${TARGETS.restoreCpu})`,
  ]
}

export function unchangedReport(results: readonly UnchangedResult[], files: number, place: string): string {
  const restic = named(results, 'restic')
  const rows = results.map((result) => [
    result.title,
    spread(wall(result.costs), 2),
    times(result, restic),
    spread(cpu(result.costs), 2),
    peak(result),
    (result.addedBytes / 1024).toFixed(1),
  ])
  return [
    `### Another backup of ${files} unchanged small files, ${place}`,
    '',
    HOW,
    '',
    table(['', 'wall s', '× restic', 'CPU s', 'peak MiB', 'stored KiB'], rows),
    '',
    `holdfast: ${TARGETS.unchanged} for 100000 files`,
    '',
    ...everyRound(results),
  ].join('\n')
}

export function databaseReport({ bytes, pages, changedPages, appendedBytes, madeBy, results }: DatabaseRun): string {
  const mib = (count: number) => (count / MIB).toFixed(2)
  const restic = named(results, 'restic')
  const ratio = (count: number, other: number | undefined) => (other === undefined ? '–' : (count / other).toFixed(3))
  const rows = results.map(({ title, firstBytes, changedBytes: changed, appendedBytes: appended }) => [
    title,
    mib(firstBytes),
    mib(changed),
    ratio(changed, restic?.changedBytes),
    mib(appended),
    ratio(appended, restic?.appendedBytes),
  ])
  const share = ((changedPages / pages) * 100).toFixed(2)
  return [
    `### An SQLite database of ${mib(bytes)} MiB: what each backup stores`,
    '',
    `Pages of ${PAGE_BYTES} bytes, one incompressible row on each, made by ${madeBy}; then ${changedPages} of ${pages} pages changed at random (${share} %); then rows appended (${mib(appendedBytes)} MiB). Everything that the repository has more than before, metadata included.`,
    '',
    table(['', 'first MiB', 'changed MiB', '× restic', 'appended MiB', '× restic'], rows),
    '',
    `holdfast against restic: changed pages ${TARGETS.changed}, appended rows ${TARGETS.appended}`,
  ].join('\n')
}

export function uploadReport({ bytes, atOnce, results }: UploadRun, place: string): string {
  const plain = named(results, 'aws-sdk')
  const us = named(results, 'holdfast')
  const rate = (seconds: number) => (bytes / MIB / seconds).toFixed(0)
  const rows = results.map(({ title, costs, ...observed }) => [
    title,
    `${rate(minimum(wall(costs)))} / ${rate(median(wall(costs)))}`,
    spread(wall(costs), 2),
    spread(cpu(costs), 2),
    peak({ costs, ...observed }),
  ])
  return [
    `### Uploads to versitygw, ${(bytes / MIB).toFixed(0)} MiB, ${atOnce} at a time, ${place}`,
    '',
    'In a process that has a connection; the server is another process on this machine. Best / median of the rounds.',
    '',
    table(['', 'MiB/s', 'wall s', 'CPU s', 'peak MiB'], rows),
    ...(us === undefined || plain === undefined
      ? []
      : ['', `holdfast: ${quotients(plain, us)} × the throughput of plain uploads (${TARGETS.upload})`]),
    '',
    ...everyRound(results),
  ].join('\n')
}

function named<T extends { readonly name: string }>(results: readonly T[], name: string): T | undefined {
  return results.find((result) => result.name === name)
}

function costRow({ title, costs, ...observed }: { readonly title: string } & Observed): string[] {
  return [title, spread(wall(costs), 3), spread(cpu(costs), 3), peak({ costs, ...observed })]
}

function times(one: Observed, other: Observed | undefined): string {
  return other === undefined ? '–' : (minimum(wall(one.costs)) / minimum(wall(other.costs))).toFixed(2)
}

/** By minimum / by median. */
function quotients(one: Observed, other: Observed): string {
  return `${times(one, other)} / ${(median(wall(one.costs)) / median(wall(other.costs))).toFixed(2)}`
}

function peak({ peakBytes }: Observed): string {
  return peakBytes === undefined || peakBytes === 0 ? '–' : (peakBytes / MIB).toFixed(0)
}

function everyRound(all: readonly { readonly title: string; readonly costs: readonly Cost[] }[]): string[] {
  const lines = all.map(({ title, costs }) => {
    return `${title}: ${costs.map(oneRound).join('  ')}`
  })
  return ['All rounds, wall seconds (CPU seconds: user + system):', '', '```', ...lines, '```']
}

function oneRound({ wallSeconds, cpuSeconds, systemSeconds }: Cost): string {
  const parts = systemSeconds === undefined ? [cpuSeconds] : [cpuSeconds - systemSeconds, systemSeconds]
  return `${wallSeconds.toFixed(3)} (${parts.map((seconds) => seconds.toFixed(2)).join(' + ')})`
}
