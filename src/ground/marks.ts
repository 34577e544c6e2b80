// Marks that the library's own parts put on what they pass to it. Symbols of one name are one, also in a part that is
// loaded apart, and no user's object has them by mistake.

/** On fit's options: nobody is told of this training. It looks for nothing wrong, and reports many epochs at a time. */
export const UNTOLD: unique symbol = Symbol.for("propago.untold") as never;

/** On a network's options: its weights are set before anybody looks at them, so none need be drawn. */
export const BLANK: unique symbol = Symbol.for("propago.blank") as never;

/** On rows: nobody else has this array, so it need not be copied. */
export const OWNED: unique symbol = Symbol.for("propago.owned") as never;

/** On `onSearch`: the networks that were trained without some rows are kept, so that they can be asked about these. */
export const KEEPING: unique symbol = Symbol.for("propago.keeping") as never;

/** On what a search found: the answers for rows that were left out, and the networks that gave them. Never saved. */
export const LEFT_OUT: unique symbol = Symbol.for("propago.leftOut") as never;
