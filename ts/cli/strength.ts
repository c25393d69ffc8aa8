import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common'
import { dictionary as english, translations } from '@zxcvbn-ts/language-en'

/** What a new password is worth to somebody who has the sealed file and guesses. */
export interface Strength {
  /** In words, to go on after “This password is”. */
  readonly words: string
  /** Whether the person should be asked again. */
  readonly weak: boolean
}

/** Characters that are looked at; the estimate takes seconds for more, and more only adds strength. */
const LOOKED_AT = 100
/** Guesses, as powers of ten, below which a password has this name. */
const NAMES = [
  [6, 'very weak'],
  [8, 'weak'],
  [11, 'fair'],
  [14, 'strong'],
] as const
const WEAK_BELOW = 8

/** Estimates how long `password` withstands guessing; the estimate does not leave the process. */
export function strength(password: string): Strength {
  const estimator = new ZxcvbnFactory({ dictionary: { ...common, ...english }, graphs: adjacencyGraphs, translations })
  const { guessesLog10, crackTimes, feedback } = estimator.check(password.slice(0, LOOKED_AT))
  const name = NAMES.find(([below]) => guessesLog10 < below)?.[1] ?? 'very strong'
  const time = crackTimes.offlineSlowHashingXPerSecond.display
  const advice = [feedback.warning ?? '', feedback.suggestions[0] ?? ''].filter((text) => text !== '')
  const estimate = `${name}: someone who has the file and tries ten thousand a second finds it in ${time}.`
  return { words: [estimate, ...advice].join(' '), weak: guessesLog10 < WEAK_BELOW }
}
