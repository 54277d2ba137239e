import { type FragmentDefinitionNode, Kind, type SelectionNode, type SelectionSetNode } from 'graphql';

/** What a field takes at the least, in bytes, beside its name. It stands for the time that it takes, too. */
const fieldBytes = 32;
/** So many times over, about, the schema's description of itself has what is asked for of it. */
const introspected = 250;

/** A document's, by name. */
export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/** Counts something about what is selected, by what one selection and what lies below it are worth. Remembers it. */
function counter(worth: (selection: SelectionNode, below: number) => number) {
  const counts = new WeakMap<SelectionSetNode, number>();
  return function count(selectionSet: SelectionSetNode | undefined, fragments: Fragments): number {
    if (!selectionSet) return 0;
    let total = counts.get(selectionSet);
    if (total === undefined) {
      total = 0;
      for (const selection of selectionSet.selections) {
        const { selectionSet: below } =
          selection.kind === Kind.FRAGMENT_SPREAD ? (fragments[selection.name.value] ?? {}) : selection;
        total += worth(selection, count(below, fragments));
      }
      counts.set(selectionSet, total);
    }
    return total;
  };
}

/** About what is selected takes as JSON, on all levels, where values are short and no list is longer than one. */
export const countBytes = counter((selection, below) => {
  if (selection.kind !== Kind.FIELD) return below;
  const { name, alias = name } = selection;
  return fieldBytes + alias.value.length + (name.value.startsWith('__') ? introspected * below : below);
});

/** How many fields are selected at the first level. */
export const countRootFields = counter((selection, below) => (selection.kind === Kind.FIELD ? 1 : below));

/** Of them, those that are there whatever a directive says. */
export const countSureRootFields = counter((selection, below) => {
  if (selection.directives?.length) return 0;
  return selection.kind === Kind.FIELD ? 1 : below;
});
