// Addresses as they come when somebody cuts, mixes or retypes a link; the same ones for the same seed.

const FIRST =
  "d=arms&n=200&noise=.1&net=4t~.2,3relu6&opt=lion&lr=.01&b=16&seed=7&ev=2:lr=.003;3:d0=.1;3:w0-1=2&at=4&fp=ad8a7d78&pts=AAAA&w=AAAAAAAA&fx=y>sin(x)&hide=data&text=a"; // prettier-ignore
const SIGNS = "=&%,;:~.-_0123456789abcdefxyzABC+é\u0000<>\"'";

export function* mutated(count: number): Generator<string> {
  let state = 7;
  const random = (below: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  for (let k = 0; k < count; k++) {
    const letters = [...FIRST];
    for (let change = random(6); change >= 0; change--) {
      const added = Array.from({ length: random(4) }, () => SIGNS[random(SIGNS.length)]);
      letters.splice(random(letters.length), random(3), ...added);
    }
    yield letters.join("");
  }
}
