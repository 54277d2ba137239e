/** Shows a line of progress on stderr, so that stdout holds the figures alone. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
