import { describe } from 'vitest';
import { ageStories } from './contract/ages.ts';
import { boundStories } from './contract/bounds.ts';
import { joinWithStreamStories } from './contract/join-with-stream.ts';
import { memberStories } from './contract/members.ts';
import { moderationStories } from './contract/moderation.ts';
import { onceStories } from './contract/once.ts';
import { orderStories } from './contract/order.ts';
import { placeStories } from './contract/places.ts';
import { presenceStories } from './contract/presence.ts';
import { removalStories } from './contract/removals.ts';
import { resumeStories } from './contract/resume.ts';
import { roomStories } from './contract/rooms.ts';
import { spaceStories } from './contract/spaces.ts';
import { valueStories } from './contract/values.ts';
import { type SetUp, storyteller } from './support.ts';

/**
 * The contract that every hub keeps. `setUp` starts two hubs of one deployment, apart from those of every other
 * call. A hub of a single node is given twice.
 */
export function describeHub(name: string, setUp: SetUp): void {
  const story = storyteller(setUp);
  describe(name, () => {
    describe('rooms', () => roomStories(story));
    describe('joining with the stream', () => joinWithStreamStories(story));
    describe('members', () => memberStories(story));
    describe('moderators', () => moderationStories(story));
    describe('removals', () => removalStories(story));
    describe('spaces', () => spaceStories(story));
    describe('order', () => orderStories(story));
    describe('sending once', () => onceStories(story));
    describe('resuming', () => resumeStories(story));
    describe('presence', () => presenceStories(story));
    describe('bounds', () => boundStories(story));
    describe('ages', () => ageStories(story));
    describe('places', () => placeStories(story));
    describe('values', () => valueStories(story));
  });
}
