"""Makes statistics.json: what scikit-learn says of made-up answers, for test/report-statistics.test.ts.
Run with scikit-learn 1.x: python make-statistics.py > statistics.json"""
import json
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.calibration import calibration_curve
from sklearn.inspection import partial_dependence
from sklearn.metrics import (confusion_matrix, mean_absolute_error, mean_squared_error, median_absolute_error,
                             precision_recall_fscore_support, r2_score, roc_auc_score, roc_curve)

random = np.random.RandomState(5)


def classes(count, rows):
    # One class never occurs among the true ones, and probabilities have ties.
    truth = random.randint(0, count - (count > 2), rows)
    raw = random.rand(rows, count) + 0.8 * np.eye(count)[truth]
    p = np.round(raw / raw.sum(1, keepdims=True), 2)
    p[:, -1] = np.round(1 - p[:, :-1].sum(1), 2)
    predicted = p.argmax(1) if count > 2 else (p[:, 1] > 0.5).astype(int)
    own = precision_recall_fscore_support(truth, predicted, labels=range(count), zero_division=np.nan)
    curves = []
    for c in range(count):
        if (truth == c).sum() == 0:
            curves.append(None)
            continue
        false, true, _ = roc_curve(truth == c, p[:, c], drop_intermediate=False)
        curves.append({"false": false.tolist(), "true": true.tolist(), "area": roc_auc_score(truth == c, p[:, c])})
    top = p[:, 1] if count == 2 else p.max(1)
    hit = truth == 1 if count == 2 else truth == predicted
    observed, mean = calibration_curve(hit, top, n_bins=10)
    values = [[None if np.isnan(v) else float(v) for v in one] for one in own]
    return {"truth": truth.tolist(), "probabilities": p.tolist(), "predicted": predicted.tolist(),
            "precision": values[0], "recall": values[1], "f1": values[2], "support": values[3],
            "confusion": confusion_matrix(truth, predicted, labels=range(count)).tolist(), "curves": curves,
            "observed": observed.tolist(), "mean": mean.tolist()}


class Product(RegressorMixin, BaseEstimator):
    def fit(self, x, y):
        self.fitted_ = True
        return self

    def predict(self, x):
        return x[:, 0] * x[:, 1] + 2 * x[:, 2]


def shuffled(length, seed):
    """Marsaglia's xorshift on 32 bits with Fisher and Yates, as src/report/chance.ts says that it is."""
    state, order = ((seed ^ 0x9E3779B9) | 1) & 0xFFFFFFFF, list(range(length))
    for i in range(length - 1, 0, -1):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        j = int(state / 2**32 * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


def numbers():
    x = np.round(random.randn(40, 3), 2)
    x[:, 2] = random.randint(0, 4, 40)
    y = np.round(x[:, 0] * x[:, 1] + 2 * x[:, 2] + 0.3 * random.randn(40), 3)
    model = Product().fit(x, y)
    guess = model.predict(x)
    effect = partial_dependence(model, x, [2], kind="average", method="brute", grid_resolution=100)
    drops = []
    for column in range(3):
        own = []
        for repeat in range(5):
            other = x.copy()
            other[:, column] = x[shuffled(40, 1 + repeat), column]
            own.append(r2_score(y, guess) - r2_score(y, model.predict(other)))
        drops.append({"mean": float(np.mean(own)), "deviation": float(np.std(own))})
    return {"x": x.tolist(), "y": y.tolist(), "r2": r2_score(y, guess), "mae": mean_absolute_error(y, guess),
            "rmse": float(np.sqrt(mean_squared_error(y, guess))), "median": median_absolute_error(y, guess),
            "grid": np.unique(x[:, 2]).tolist(), "effect": effect["average"][0].tolist(), "drops": drops}


print(json.dumps({"two": classes(2, 50), "four": classes(4, 60), "numbers": numbers()}))
