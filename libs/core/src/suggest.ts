import { distance } from 'fastest-levenshtein';

/** The candidate that `word` was most likely meant to be; undefined when none is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3));
  let best: { candidate: string; steps: number } | undefined;
  for (const candidate of candidates) {
    const steps = distance(word.toLowerCase(), candidate.toLowerCase());
    if (steps <= limit && steps < Math.max(word.length, candidate.length) && (!best || steps < best.steps)) best = { candidate, steps };
  }
  return best?.candidate;
}

/** The fix for a word that is none of the candidates: the one that was meant, else all of them. */
export function suggest(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates);
  if (meant !== undefined) return `did you mean \`${meant}\`?`;
  return candidates.length > 0 ? `use one of ${listed(candidates)}.` : 'remove it.';
}

/** Names for people: `a`, `b`, `c`; at most 20 of them. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => `\`${name}\``);
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
}
