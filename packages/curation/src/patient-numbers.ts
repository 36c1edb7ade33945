/** Of each sample: the number of its patient, in the order in which they come. */
export function patientNumbers(samples: readonly { patient: string }[]): Uint32Array {
  const numbers = new Map<string, number>();
  return Uint32Array.from(samples, ({ patient }) => {
    const number = numbers.get(patient) ?? numbers.size;
    numbers.set(patient, number);
    return number;
  });
}
