/** A module of the site or of the scripts, which are plain JavaScript. @param path from the root of the repository. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const load = (path: string): Promise<any> => import(new URL(`../../../${path}`, import.meta.url).href);
