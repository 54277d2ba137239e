import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/**
 * Reads the flags of one of the project's programs. `--help` prints the help and exits with 0. A wrong flag prints
 * the error with the help, and exits with 2.
 */
export function readFlags<const Options extends ParseArgsOptionsConfig>(help: string, options: Options) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } }, strict: false });
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    refuse((error as Error).message, help);
  }
}

/** Reads the value of a flag that takes a whole number of at least `min`. */
export function readNumber(flag: string, text: string, min: number, help: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min) {
    refuse(`${flag} is ${JSON.stringify(text)}; it takes a whole number of at least ${min}.`, help);
  }
  return value;
}

function refuse(error: string, help: string): never {
  process.stderr.write(`${error}\n\n${help}`);
  process.exit(2);
}
