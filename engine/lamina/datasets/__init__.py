"""Built-in data sets: `mnist.load_data()` and its like are raw, as in Keras.

`catalogue` is the studio's view of them.
"""

# The order in which the studio lists them: first what needs no network, then by size.
from lamina.datasets import digits, iris, mnist

# isort: split
from lamina.datasets import fashion_mnist

# isort: split
from lamina.datasets import boston_housing, california_housing, cifar10, cifar100, imdb, reuters

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "imdb",
    "iris",
    "mnist",
    "reuters",
]
