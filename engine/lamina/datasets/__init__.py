"""Built-in data sets: `mnist.load_data()` and its like are raw, as in Keras.

`catalogue` is the studio's view of them.
"""

from lamina.datasets import digits, iris, mnist

__all__ = ["digits", "iris", "mnist"]
