import { describe, expect, it } from 'vitest'
import { strength } from '../../ts/cli/strength.ts'

describe('the strength of a password', () => {
  it.each([
    ['password', 'very weak', true],
    ['aaaaaaaaaaaa', 'very weak', true],
    ['qwertyuiop', 'very weak', true],
    ['eleven purple otters sing', 'very strong', false],
    ['xK9#mQ2$vL7!', 'strong', false],
  ])('%s is %s', (password, name, weak) => {
    const estimate = strength(password)
    expect(estimate.words.startsWith(`${name}:`)).toBe(true)
    expect(estimate.weak).toBe(weak)
  })

  it('is said without the password', () => {
    expect(strength('eleven purple otters sing').words).not.toMatch(/eleven|purple|otters|sing/)
  })

  it('gives advice with a weak one', () => {
    expect(strength('password').words).toMatch(/\. \w.*\.$/)
  })

  it('takes no time for a long one', () => {
    const begun = performance.now()
    strength('abc def '.repeat(2000))
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
