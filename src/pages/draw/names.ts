const manners =
  'Brave Bright Calm Clever Curious Gentle Happy Jolly Keen Kind Lively Lucky Merry Quick Quiet Sunny'.split(
    ' ',
  );
const animals =
  'Badger Beaver Dolphin Falcon Ferret Finch Fox Hare Hedgehog Heron Lynx Otter Owl Panda Robin Seal'.split(
    ' ',
  );

const key = 'signalbox.name';

/** The name that this browser's user chose, or else a random friendly name. */
export function readName(): string {
  try {
    const kept = localStorage.getItem(key);
    if (kept) return kept;
  } catch {
    // A browser can forbid pages to store anything.
  }
  return `${pick(manners)} ${pick(animals)}`;
}

export function keepName(name: string): void {
  try {
    localStorage.setItem(key, name);
  } catch {
    // The name then lasts as long as the page does.
  }
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? '';
}

/** As a peer's name may be: in NFC, printable, at most 40 characters, not empty. */
export function tidyName(text: string): string | undefined {
  const tidy = text
    .normalize('NFC')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, 40)
    .trim();
  return tidy === '' ? undefined : tidy;
}
