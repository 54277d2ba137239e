import { describe } from 'vitest';
import { boundStories } from './contract/bounds.ts';
import { memberStories } from './contract/members.ts';
import { orderStories } from './contract/order.ts';
import { presenceStories } from './contract/presence.ts';
import { resumeStories } from './contract/resume.ts';
import { roomStories } from './contract/rooms.ts';
import { valueStories } from './contract/values.ts';
import { type SetUp, storyteller } from './support.ts';

/**
 * What every hub is held to, whatever it keeps its state in. `setUp` gives two started hubs of one
 * deployment (for a hub of one process: the same twice), separate from those of every other call.
 */
export function describeHub(name: string, setUp: SetUp): void {
  const story = storyteller(setUp);
  describe(name, () => {
    describe('rooms', () => roomStories(story));
    describe('members only', () => memberStories(story));
    describe('order', () => orderStories(story));
    describe('resuming', () => resumeStories(story));
    describe('presence', () => presenceStories(story));
    describe('bounds', () => boundStories(story));
    describe('values', () => valueStories(story));
  });
}
