import { InputError } from '@cxr-align/files';
import { columnsOf } from '../src/commands/command.js';

describe('columnsOf(given)', () => {
  it('has the column of each role', () => {
    expect(columnsOf(['patient=pid', 'age=Age = years'])).toEqual({ patient: 'pid', age: 'Age = years' });
    expect(columnsOf()).toEqual({});
  });
  it.each([
    [['pid'], 'expected --column role=name, such as patient=pid, got pid'],
    [['=pid'], 'expected --column role=name'],
    [['patient='], 'expected --column role=name'],
    [['patiant=pid'], 'got patiant; did you mean patient?'],
    [['patient=a', 'patient=b'], 'expected one --column patient=…, got a and b'],
  ])('refuses %j', (given, message) => {
    expect(() => columnsOf(given)).toThrow(InputError);
    expect(() => columnsOf(given)).toThrow(message);
  });
});
