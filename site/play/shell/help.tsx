// What can be done here, and with which keys.
import { useEffect, useRef } from "preact/hooks";

const KEYS = [
  ["Space", "start and pause"],
  [".", "one step"],
  ["R", "rewind to the first weights"],
  ["N", "a new seed"],
  ["1 2 3 4", "the views"],
  ["?", "this help"],
  ["arrows", "within the network: from unit to unit"],
  ["Enter", "edit the unit, + and − add and remove units"],
] as const;

export function Help({
  letters,
  onLetters,
  onClose,
}: {
  letters: boolean;
  onLetters: (on: boolean) => void;
  onClose: () => void;
}) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current!.showModal(), []);
  return (
    <dialog ref={box} class="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">The playground</h2>
      <p>
        A neural network learns in your browser while you watch. Nothing is sent anywhere. Every picture is computed
        from the weights of the moment by propago, the library that also trains them.
      </p>
      <p>
        One link holds the whole run: data, network, seed, and each change that you made, at its epoch. Whoever opens it
        gets the same weights, to the bit.
      </p>
      <table>
        <caption>Keys</caption>
        <tbody>
          {KEYS.map(([key, does]) => (
            <tr key={key}>
              <th scope="row">
                <kbd>{key}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <label class="check">
        <input type="checkbox" checked={letters} onChange={(event) => onLetters(event.currentTarget.checked)} />
        Single letters are keys
      </label>
      <p>
        For lessons: <code>hide=data,learning</code> in the address hides controls (tabs, data, network, learning, pace,
        picture, loss, share, help, caption), <code>text=…</code> puts your words above. Share keeps both.
      </p>
      <form method="dialog">
        <button class="primary">Close</button>
      </form>
    </dialog>
  );
}
