// The folder that the quickstart makes when it is given none: media, notes, and a database that is in use.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startWriter } from './database.mjs'
import { writeRandom } from './material.mjs'
import { size } from './words.mjs'

const SEED = 'holdfast quickstart'
const CLIPS = 24
const NOTES = 40
/** The film has this share of all bytes, the clips have the rest. */
const FILM_SHARE = 1 / 4
/** What changed in the last two seconds is read again by the next backup: the system's clock may be no finer. */
const SETTLED_MS = 2500

/** Makes the folder `bytes` large, and starts the program that writes to its database. */
export async function makeSample(path, bytes, signal) {
  const film = Math.floor(bytes * FILM_SHARE)
  const clip = Math.floor((bytes - film) / CLIPS)
  for (const folder of ['media/2025', 'media/2026', 'notes']) await mkdir(join(path, folder), { recursive: true })
  await writeRandom(join(path, 'media', 'film.mov'), film, SEED, signal)
  for (let number = 1; number <= CLIPS; number += 1) {
    await writeRandom(clipPath(path, number), clip, `${SEED} ${number}`, signal)
  }
  for (let number = 1; number <= NOTES; number += 1) await writeFile(notePath(path, number), noteOf(number, 'first'))
  await setTimeout(SETTLED_MS, undefined, { signal })
  const writer = await startWriter(join(path, 'messages.db'))
  return {
    writer,
    film: join(path, 'media', 'film.mov'),
    said: `${CLIPS + 1} media files, ${NOTES} notes, and a database that another program writes to all the time`,
    /** Changes it as a day does. Resolves to words for what changed. */
    async change() {
      const added = clipPath(path, CLIPS + 1)
      await writeRandom(added, clip, `${SEED} ${CLIPS + 1}`, signal)
      await rename(clipPath(path, 1), join(path, 'media', '2026', 'the best one.mov'))
      await writeFile(notePath(path, 1), noteOf(1, 'second'))
      await rm(notePath(path, 2))
      return `one new clip of ${size(clip)}, one renamed, one note rewritten, one deleted`
    },
  }
}

function clipPath(path, number) {
  const year = number <= CLIPS / 2 ? '2025' : '2026'
  return join(path, 'media', year, `clip ${String(number).padStart(2, '0')}.mov`)
}

function notePath(path, number) {
  return join(path, 'notes', `Tag ${number}, für später.txt`)
}

function noteOf(number, version) {
  const line = `This is line N of note ${number}, in its ${version} version.\n`
  return Array.from({ length: 150 }, (_, at) => line.replace('N', String(at + 1))).join('')
}
