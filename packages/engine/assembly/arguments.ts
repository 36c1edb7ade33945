// The arguments of the call that is running.

/** Where they begin: each thread's own, set by the call. */
let base: usize = 0;

@inline
export function takeArguments(at: usize): void {
  base = at;
}

/** A whole number, or a place in memory. */
@inline
export function whole(i: i32): i32 {
  return load<i32>(base + (<usize>i << 2));
}

/** A number. */
@inline
export function number(i: i32): f32 {
  return load<f32>(base + (<usize>i << 2));
}
