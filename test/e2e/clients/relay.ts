import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type OperationDefinitionNode, parse, print } from 'graphql';

const folder = fileURLToPath(new URL('__generated__/', import.meta.url));
const tag = /\bgraphql`([^`]*)`/g;

/**
 * Does what babel-plugin-relay does: puts the artifact of relay-compiler in the place of each document. The compiler has
 * 40 MB, so its artifacts are kept in `__generated__`. Throws if a document has changed since.
 */
export function withArtifacts(code: string): string {
  const imports: string[] = [];
  const replaced = code.replace(tag, (_, text: string) => {
    const [definition] = parse(text).definitions as readonly OperationDefinitionNode[];
    const name = definition?.name?.value ?? '';
    const path = `${folder}${name}.graphql.js`;
    const hash = createHash('md5')
      .update(definition ? print(definition) : '')
      .digest('hex');
    if (!existsSync(path) || !readFileSync(path, 'utf8').includes(`node.hash = "${hash}"`)) {
      throw new Error(
        `Run relay-compiler on the code of relay.md, and keep its ${name}.graphql.js in ${folder}`,
      );
    }
    imports.push(`import ${name} from '${path}';\n`);
    return name;
  });
  return imports.join('') + replaced;
}
