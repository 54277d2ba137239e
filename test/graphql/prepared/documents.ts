import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import type { Random } from '../../../chaos/random.ts';

/** A request as an engine takes it. */
export interface GeneratedRequest {
  readonly query: string;
  readonly variables: unknown;
  readonly variablesText: string | undefined;
  readonly operationName: string | undefined;
}

/** JSON texts that a parser would change: numbers, keys that come twice, escapes, characters that end lines. */
const jsonTexts = [
  'null',
  'true',
  '"text"',
  '1.0',
  '-0',
  '1e400',
  '12345678901234567890',
  '{"b":1,"a":2,"b":3}',
  '{"2":0,"1":[]}',
  '[[],{},"\\u00e9\\ud83d\\ude00",{"deep":[1.50,{"é":null}]}]',
  '"\u2028\u0085 line"',
  '{"__proto__":1}',
];
/** Literals of GraphQL for a JSON argument. Each `$` becomes a variable. */
const jsonLiterals = [
  'null',
  '1.50',
  '"text"',
  'WORD',
  '[1, {a: 2.0}, []]',
  '{b: 1, a: {c: "é"}}',
  '{a: $, b: [$]}',
];
const ids = ['r', 'room 2', 'peer-1', 'peer-2', '', ' blank ', 'x'.repeat(200), 'fails', 'throws', 'large'];
const words = ['offer', 'chat', 'not valid!', 'fails'];

const aliases = ['a', 'b', '__proto__', 'data', 'errors'];

/** Writes random requests for a schema. Most are valid; many ask for what a plan leaves to graphql-js. */
export class Requests {
  readonly #schema: GraphQLSchema;
  readonly #random: Random;
  #fragments: string[] = [];
  #definitions: string[] = [];
  #values: string[] = [];
  /** How much of what no plan has there is in this request: directives, introspection. */
  #oddity = 0;
  #count = 0;

  constructor(schema: GraphQLSchema, random: Random) {
    this.#schema = schema;
    this.#random = random;
  }

  next(operation: 'query' | 'mutation'): GeneratedRequest {
    const type = operation === 'query' ? this.#schema.getQueryType() : this.#schema.getMutationType();
    if (!type) throw new Error(`The schema has no ${operation}.`);
    return this.#request(operation, () => this.#selections(type, 3));
  }

  /** What a stream selects of its messages. The same text twice: as it is, and with a directive that changes nothing. */
  nextSelection(): readonly [plain: string, byGraphQL: string] {
    const message = this.#schema.getType('Message');
    if (!isInterfaceType(message)) throw new Error('The schema has no messages.');
    const { query } = this.#request(
      'subscription',
      () => `{ messages ${this.#ofMessage(4).replace(/}$/, 'z: __typename MARK }')} }`,
      0,
    );
    const directive = '@skip(if: false)';
    return [query.replace('MARK', ' '.repeat(directive.length)), query.replace('MARK', directive)];
  }

  #request(operation: string, body: () => string, oddity = this.#random.chance(0.3) ? 0.1 : 0) {
    this.#oddity = oddity;
    this.#fragments = [];
    this.#definitions = [];
    this.#values = [];
    const selections = body();
    this.#count++;
    const definitions = this.#definitions.length > 0 ? `(${this.#definitions.join(', ')})` : '';
    // No two texts are the same.
    const name = `Number${this.#count}`;
    const hasName = this.#random.chance(0.7) || definitions === '';
    const query = [
      `${operation} ${hasName ? name : `#${name}\n`}${definitions} ${selections}`,
      ...this.#fragments,
      ...(this.#random.chance(oddity) ? ['query Other { me { id } }'] : []),
    ].join('\n');
    const operationName = this.#random.chance(0.3) ? this.#random.pick([name, name, 'Other', '']) : undefined;
    const variablesText = this.#values.length > 0 ? `{ ${this.#values.join(', ')} }` : undefined;
    return { query, variables: variablesText && JSON.parse(variablesText), variablesText, operationName };
  }

  #selections(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields());
    const count = 1 + this.#random.below(3);
    return `{ ${Array.from({ length: count }, () => this.#selection(type, fields, depth)).join(' ')} }`;
  }

  #selection(
    type: GraphQLObjectType,
    fields: readonly GraphQLField<unknown, unknown>[],
    depth: number,
  ): string {
    const next = this.#random.next();
    if (next < 0.1) return `${this.#alias()}__typename${this.#directive()}`;
    if (next < 0.1 + this.#oddity && type === this.#schema.getQueryType())
      return '__schema { queryType { name } }';
    if (next < 0.25 && depth > 0) return this.#fragment(type.name, () => this.#selections(type, depth - 1));
    const field = this.#random.pick(fields);
    if (!field) throw new Error(`${type.name} has no fields.`);
    const args = field.args.flatMap((argument) => this.#argument(argument) ?? []);
    const list = args.length > 0 ? `(${args.join(', ')})` : '';
    return `${this.#alias()}${field.name}${list}${this.#directive()} ${this.#below(field.type, depth)}`;
  }

  #below(output: GraphQLOutputType, depth: number): string {
    const type = getNamedType(output);
    if (!isCompositeType(type)) return '';
    return isObjectType(type) ? this.#selections(type, depth - 1) : this.#ofMessage(depth);
  }

  /** Selects of an interface: its own fields, and those of its types. */
  #ofMessage(depth: number): string {
    const message = this.#schema.getType('Message');
    if (!isInterfaceType(message)) throw new Error('The schema has no messages.');
    const parts = Array.from({ length: 1 + this.#random.below(5) }, () => {
      if (this.#random.chance(0.2)) return `${this.#alias()}__typename`;
      if (this.#random.chance(0.3)) return `${this.#alias()}${this.#random.pick(['cursor', 'sentAt'])}`;
      if (this.#random.chance(0.15)) return this.#fragment('Message', () => `{ ${this.#alias()}sentAt }`);
      const type = this.#random.pick(this.#schema.getPossibleTypes(message));
      return type ? this.#fragment(type.name, () => this.#selections(type, depth - 1)) : '';
    });
    return `{ ${parts.join(' ')} }`;
  }

  #fragment(type: string, selections: () => string): string {
    if (this.#random.chance(0.5)) {
      const condition = this.#random.chance(0.8) ? ` on ${type}` : '';
      return condition || type !== 'Message'
        ? `... on ${type}${this.#directive()} ${selections()}`
        : '__typename';
    }
    const body = selections();
    const name = `F${this.#fragments.length}`;
    this.#fragments.push(`fragment ${name} on ${type} ${body}`);
    const spread = `...${name}${this.#directive()}`;
    return this.#random.chance(0.2) ? `${spread} ${spread}` : spread;
  }

  #alias(): string {
    return this.#random.chance(0.3) ? `${this.#random.pick(aliases)}${this.#random.below(9)}: ` : '';
  }

  #directive(): string {
    if (!this.#random.chance(this.#oddity)) return '';
    const word = this.#random.pick(['skip', 'include']);
    return ` @${word}(if: ${this.#random.chance(0.5) ? this.#variable('Boolean!', this.#random.pick(['true', 'false']) ?? '') : 'true'})`;
  }

  #argument({ name, type }: GraphQLArgument): string | undefined {
    const typeName = String(type);
    const isRequired = typeName.endsWith('!');
    if (!isRequired && this.#random.chance(0.3)) return undefined;
    if (typeName === 'JSON') return `${name}: ${this.#json()}`;
    const value = JSON.stringify(this.#random.pick(name === 'event' ? words : ids));
    if (this.#random.chance(0.4)) return `${name}: ${value}`;
    if (this.#random.chance(0.1))
      return `${name}: ${this.#variable(typeName.replace('!', ''), 'null', value)}`;
    const given = this.#random.chance(0.05) ? this.#random.pick(['null', '{}', '7', '""']) : value;
    return `${name}: ${this.#variable(typeName, given ?? value)}`;
  }

  #json(): string {
    const text = () => this.#random.pick(jsonTexts) ?? 'null';
    if (this.#random.chance(0.1)) return this.#variable('JSON', text(), '{ a: 1.50 }');
    if (this.#random.chance(0.6)) return this.#variable('JSON', text());
    return (this.#random.pick(jsonLiterals) ?? 'null').replaceAll('$', () => this.#variable('JSON', text()));
  }

  /** Defines a variable and gives it a value, or leaves it out now and then. */
  #variable(type: string, value: string, byDefault?: string): string {
    const isFirst = this.#definitions.length === 0;
    const name = isFirst
      ? (this.#random.pick(['v', '__proto__', 'constructor']) ?? 'v')
      : `v${this.#definitions.length}`;
    this.#definitions.push(`$${name}: ${type}${byDefault === undefined ? '' : ` = ${byDefault}`}`);
    if (!this.#random.chance(byDefault === undefined ? 0.05 : 0.5)) this.#values.push(`"${name}" : ${value}`);
    return `$${name}`;
  }
}
