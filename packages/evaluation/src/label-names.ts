/** The label that another name may be meant for, as what to do about it: compared without regard to case and blanks around it. */
export function labelMend(name: string, labels: readonly string[]): string {
  const near = labels.find((label) => label.toLowerCase() === name.trim().toLowerCase());
  return near === undefined ? 'remove it' : `write ${JSON.stringify(near)}`;
}
