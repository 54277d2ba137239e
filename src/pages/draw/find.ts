/** The element of this id, which must be in the page. */
export function find<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const element = document.getElementById(id);
  if (!element) throw new Error(`There is no element #${id}.`);
  return element as Type;
}
