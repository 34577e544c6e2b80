// What a call throws, or rejects with: for tests that look at code and message alike.

/** The error of a call that must fail. */
export function failure(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure, but the call succeeded");
}

/** The same for a promise. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("expected a rejection, but the promise was fulfilled");
}
