// Marks that the library's own parts put on what they pass to it. Symbols of one name are one, also in a part that is
// loaded apart, and no user's object has them by mistake.

/** On fit's options: nobody is told of this training. It looks for nothing wrong, and reports many epochs at a time. */
export const UNTOLD: unique symbol = Symbol.for("propago.untold") as never;

/** On a network's options: its weights are set before anybody looks at them, so none need be drawn. */
export const BLANK: unique symbol = Symbol.for("propago.blank") as never;

/** On rows: nobody else has this array, so it need not be copied. */
export const OWNED: unique symbol = Symbol.for("propago.owned") as never;
