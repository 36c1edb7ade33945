import { ascii, codeItem, codeSequence, type Code } from './code.js';
import { imageReference } from './common.js';
import { element, sequence, type Element, type Item } from './element.js';

/** How a content item relates to the one above it. */
export type Relationship =
  'CONTAINS' | 'HAS CONCEPT MOD' | 'HAS OBS CONTEXT' | 'HAS PROPERTIES' | 'INFERRED FROM' | 'SELECTED FROM';

const root = (type: string, concept: Code | undefined): Element[] => [
  element('0040a040', 'CS', type),
  ...(concept ? [codeSequence('0040a043', concept)] : []),
];
const related = (relationship: Relationship): Element => element('0040a010', 'CS', relationship);
const children = (items: readonly Item[]): Element[] => (items.length > 0 ? [sequence('0040a730', ...items)] : []);

/** A container with its template. */
export function container(concept: Code, items: readonly Item[], template?: string, relationship?: Relationship): Item {
  return [
    ...root('CONTAINER', concept),
    ...(relationship ? [related(relationship)] : []),
    element('0040a050', 'CS', 'SEPARATE'),
    ...(template
      ? [sequence('0040a504', [element('00080105', 'CS', 'DCMR'), element('0040db00', 'CS', template)])]
      : []),
    ...children(items),
  ];
}

/** A coded value. */
export function codeContent(relationship: Relationship, concept: Code, value: Code, items: readonly Item[] = []): Item {
  return [...root('CODE', concept), related(relationship), codeSequence('0040a168', value), ...children(items)];
}

/** A text, in ASCII. */
export function textContent(relationship: Relationship, concept: Code, text: string): Item {
  return [...root('TEXT', concept), related(relationship), element('0040a160', 'UT', ascii(text))];
}

/** A UID. */
export function uidContent(relationship: Relationship, concept: Code, uid: string): Item {
  return [...root('UIDREF', concept), related(relationship), element('0040a124', 'UI', uid)];
}

/** A number with its unit. */
export function numberContent(
  relationship: Relationship,
  concept: Code,
  { value, unit }: { value: number; unit: Code },
  items: readonly Item[] = [],
): Item {
  return [
    ...root('NUM', concept),
    related(relationship),
    sequence('0040a300', [sequence('004008ea', codeItem(unit)), element('0040a30a', 'DS', decimal(value))]),
    ...children(items),
  ];
}

/** A reference to an image. */
export function imageContent(
  relationship: Relationship,
  concept: Code | undefined,
  image: { sopClass: string; instance: string },
): Item {
  return [...root('IMAGE', concept), related(relationship), sequence('00081199', imageReference(image))];
}

/** A closed outline in pixels of an image. */
export function outlineContent(
  relationship: Relationship,
  concept: Code,
  points: readonly number[],
  image: { sopClass: string; instance: string },
): Item {
  return [
    ...root('SCOORD', concept),
    related(relationship),
    element('00700022', 'FL', ...points),
    element('00700023', 'CS', 'POLYLINE'),
    ...children([imageContent('SELECTED FROM', undefined, image)]),
  ];
}

/** A Decimal String: at most 16 characters. */
function decimal(value: number): string {
  return String(Number(value.toPrecision(8))).slice(0, 16);
}
