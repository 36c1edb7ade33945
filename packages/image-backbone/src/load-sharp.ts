import type sharp from 'sharp';

let loaded: Promise<typeof sharp> | undefined;

/** sharp, which is loaded with the first image: a program that reads tables alone starts in less time without it. */
export function loadSharp(): Promise<typeof sharp> {
  loaded ??= import('sharp').then((module) => module.default);
  return loaded;
}
