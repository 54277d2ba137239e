import { type FragmentDefinitionNode, Kind, type SelectionNode, type SelectionSetNode } from 'graphql';

/** The cost of a field in bytes, its name excluded. It covers a short value, and the time to resolve the field. */
const fieldBytes = 32;
/** Introspection returns a selected field about this many times: for each type, field or argument of the schema. */
const introspectionFactor = 250;

/** A document's fragments, by name. */
export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/**
 * Makes a function that sums a cost over a selection set. `cost` gives the cost of one selection, from the sum
 * of the selections nested in it and, for a fragment, the type that it is for. Each sum is computed once and kept with
 * its selection set.
 */
function summing(cost: (selection: SelectionNode, nested: number, condition?: string) => number) {
  const sums = new WeakMap<SelectionSetNode, number>();
  return function sum(selectionSet: SelectionSetNode | undefined, fragments: Fragments): number {
    if (!selectionSet) return 0;
    let total = sums.get(selectionSet);
    if (total === undefined) {
      total = 0;
      for (const selection of selectionSet.selections) {
        const owner = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
        const condition = owner && 'typeCondition' in owner ? owner.typeCondition?.name.value : undefined;
        total += cost(selection, sum(owner?.selectionSet, fragments), condition);
      }
      sums.set(selectionSet, total);
    }
    return total;
  };
}

function estimate(selection: SelectionNode, nested: number): number {
  if (selection.kind !== Kind.FIELD) return nested;
  const { name, alias = name } = selection;
  const isIntrospection = name.value.startsWith('__');
  return fieldBytes + alias.value.length + (isIntrospection ? introspectionFactor * nested : nested);
}

/** The approximate size of the selected JSON in bytes, if all values are short and each list has one element. */
export const estimateBytes = summing(estimate);

/** The same for one of several types, without the fragments that are for the `others`. */
export function estimateBytesWithout(others: readonly string[]) {
  return summing((selection, nested, condition) =>
    condition !== undefined && others.includes(condition) ? 0 : estimate(selection, nested),
  );
}

/** How many times a selection asks for the members of a room. */
export const countMembers = summing(
  (selection, nested) =>
    nested + (selection.kind === Kind.FIELD && selection.name.value === 'members' ? 1 : 0),
);

/** The number of fields at the first level, those in fragments included. */
export const countRootFields = summing((selection, nested) => (selection.kind === Kind.FIELD ? 1 : nested));

/** The number of fields at the first level that no directive can leave out. */
export const countUnconditionalRootFields = summing((selection, nested) => {
  if (selection.directives?.length) return 0;
  return selection.kind === Kind.FIELD ? 1 : nested;
});
