import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/**
 * The flags that a program of the project was started with. Where help is asked for it is printed, and the
 * process ends with 0; where a flag is none, it says so and ends with 2.
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

/** A flag that takes a number from `min` on. */
export function readNumber(flag: string, text: string, min: number, help: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min) {
    refuse(`${flag} is ${JSON.stringify(text)}; it takes a whole number from ${min} on.`, help);
  }
  return value;
}

function refuse(what: string, help: string): never {
  process.stderr.write(`${what}\n\n${help}`);
  process.exit(2);
}
