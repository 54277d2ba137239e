import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { composeScript, luaConstants, readLua, scriptNames } from '../../src/hub/redis/scripts/lua-source.ts';
import { defaultOptions } from './support.ts';

const folder = fileURLToPath(new URL('../../src/hub/redis/scripts/lua/', import.meta.url));
const files = globSync('**/*.lua', { cwd: folder }).map((file) => file.replace(/\.lua$/, ''));
const constants = luaConstants(defaultOptions);

/** The code without comments and strings. */
function codeOf(text: string): string {
  return text.replace(/--.*$/gm, '').replace(/'[^'\n]*'/g, "''");
}

/** The names that Lua defines outside of functions, each with its place. */
function definedBy(text: string): { readonly name: string; readonly at: number }[] {
  return Array.from(text.matchAll(/^local (?:function )?(\w+(?:, \w+)*)/gm), ({ 1: names = '', index }) =>
    names.split(', ').map((name) => ({ name, at: index })),
  ).flat();
}

/** The names that a library defines for others. */
function definedIn(library: string): string[] {
  return definedBy(codeOf(readLua(`lib/${library}`).text)).map(({ name }) => name);
}

const definitions = files
  .filter((file) => file.startsWith('lib/'))
  .map((file) => file.slice('lib/'.length))
  .map((library) => ({ library, names: definedIn(library) }));

/** The libraries, except for the file itself, that define a name in the code. A field after a dot is no such name. */
function usedBy(file: string): string[] {
  const used = new Set(codeOf(readLua(file).text).match(/(?<![.\w])(?!\d)\w+/g));
  return definitions
    .filter(({ library, names }) => `lib/${library}` !== file && names.some((name) => used.has(name)))
    .map(({ library }) => library);
}

describe('the Lua files', () => {
  it('every script has a name in the list, and every name a script', () => {
    expect(files.filter((file) => !file.includes('/')).sort()).toEqual([...scriptNames].sort());
  });

  it('no two libraries define the same name, and none defines a constant', () => {
    const names = definitions.flatMap((definition) => definition.names);
    expect(names.length).toBeGreaterThan(20);
    expect([...names, ...Object.keys(constants)]).toHaveLength(
      new Set([...names, ...Object.keys(constants)]).size,
    );
  });

  it.each(files)('%s names exactly the libraries whose functions it uses', (file) => {
    expect([...readLua(file).libraries].sort()).toEqual(usedBy(file).sort());
  });

  it.each(Object.keys(constants))('some Lua uses the constant %s', (name) => {
    expect(files.filter((file) => codeOf(readLua(file).text).includes(name))).not.toEqual([]);
  });
});

describe('composeScript', () => {
  it.each(scriptNames)('%s gets each name that it uses defined once, before its first use', (name) => {
    const code = codeOf(composeScript(name, constants));
    const defined = definedBy(code);
    expect(new Set(defined.map((each) => each.name)).size).toBe(defined.length);
    const known = new Set([...definitions.flatMap(({ names }) => names), ...Object.keys(constants)]);
    for (const { 0: word, index } of code.matchAll(/(?<![.\w])[a-z_]\w*/g)) {
      if (!known.has(word)) continue;
      expect(defined.find((each) => each.name === word)?.at, word).toBeLessThanOrEqual(index);
    }
  });

  it.each(scriptNames)('%s gets no definition that it does not use', (name) => {
    const code = codeOf(composeScript(name, constants));
    const own = codeOf(readLua(name).text);
    const library = code.slice(0, code.length - own.length);
    expect(code.endsWith(own)).toBe(true);
    for (const line of library.matchAll(/^local (?:function )?(\w+(?:, \w+)*)(.*)/gm)) {
      const [all, names = ''] = line;
      const later = code.slice(line.index + all.length);
      const isUsed = names.split(', ').some((each) => new RegExp(`(?<![.\\w])${each}\\b`).test(later));
      expect(isUsed, all).toBe(true);
    }
  });

  it('in a library, only a `local` at the beginning of a line begins a definition', () => {
    for (const { library } of definitions) {
      const lines = readLua(`lib/${library}`).text.split('\n');
      expect(lines.filter((line) => /^\S/.test(line) && !/^(?:--|local |end\b|[)}])/.test(line))).toEqual([]);
    }
  });

  it('begins with the flag by which Dragonfly lets scripts use keys that they do not declare', () => {
    for (const name of scriptNames)
      expect(composeScript(name, constants)).toMatch(/^--!df flags=allow-undeclared-keys\n/);
  });

  it('composeScript puts no library in front of a script that does not need it', () => {
    expect(composeScript('rooms', constants)).not.toContain('XADD');
  });

  it('composeScript writes a constant so that Lua reads the same number', () => {
    const options = { ...defaultOptions, maxRoomBytes: 1e6, maxPeersPerRoom: 3 };
    const text = composeScript('join', luaConstants(options));
    const written = /^local peer_share = (.*)$/m.exec(text)?.[1];
    expect(Number(written)).toBe(1e6 / 3);
  });

  it('composeScript refuses a constant that Lua has no number for', () => {
    const options = { ...defaultOptions, maxPeersPerRoom: 0 };
    expect(() => composeScript('rooms', luaConstants(options))).toThrow('peer_share');
  });
});
