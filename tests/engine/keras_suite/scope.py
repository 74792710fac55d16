"""Which of Keras' tests touch only what lamina sets out to have.

A test is out of scope when a pattern is found in its place (`layers/core/dense_test.py::DenseTest::test_x`), in its
text, or in the arguments it is generated with. Tests are never listed one by one: to bring something into scope, take
its pattern away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FAMILIES = (
    "layers", "losses", "metrics", "optimizers", "callbacks", "activations", "initializers", "regularizers", "constraints",
    "models",
)  # fmt: skip
"""Folders of Keras' tests that are run."""

NEVER = r"(?!)"


@dataclass(frozen=True)
class Rule:
    """A reason why tests are out of scope.

    Args:
        reason: In a few words, for the table.
        place: Pattern for where the test stands and for the arguments it is generated with.
        text: Pattern for its source.
    """

    reason: str
    place: str = NEVER
    text: str = NEVER


RULES = (
    Rule(
        "another backend, or tf.data",
        r"tf_data|tf_dataset|_tf_|jax|grain|openvino",
        r"import (jax|tensorflow|grain)|\bjax\.\w|\bjnp\.|\btf\.\w|tf_data|TFDataset|list_summaries|SummaryMetadata|\bgrain\.",
    ),
    Rule(
        "sparse or ragged tensors, which Keras does not have on torch",
        r"sparse_inputs|ragged",
        r"assertSparse|sparse=True|SUPPORTS_(SPARSE|RAGGED)|input_(sparse|ragged)=True|ragged=True",
    ),
    Rule(
        "quantization, float8, LoRA",
        r"quanti[sz]|lora|int4|gptq|awq|float8|_int8_",
        r"quanti[sz]|lora|gptq|awq|Int[48]|float8",
    ),
    Rule(
        "distribution, export, rematerialization",
        r"distribut|export|remat",
        r"distribution|\bexport\b|[Rr]emat",
    ),
    Rule(
        "images with channels first, which are refused",
        r"channels_first",
        r"(?<!=)= ?.channels_first|[(,:] ?.channels_first",
    ),
    Rule("the library requests, which lamina does without", text=r"requests is None"),
    Rule(
        "private parts of Keras",
        r"^trainers/|variable_mapping|index_lookup_test|conv_lstm_test|dropout_rnn_cell",
        r"\b(?!self\b)[a-z]\w*\._[a-z]|\bself\._(?!test|run|get|assert|check)\w+\._|patch\(.keras|StatelessScope|stateless_"
        r"|_register_call_context_args|_untrack_variable|validate_float_arg|_analyze_einsum|metrics_utils|AutocastScope|backend\.numpy|global_state",
    ),
    Rule(
        "objects that are not part of lamina",
        r"bounding_box|feature_space|data_layer|orbax|base_image",
        r"bounding_box",
    ),
)


def reason_out(place: str, arguments: str, text: str) -> str | None:
    """Why a test is out of scope, by the first rule that says so; None for one that counts.

    >>> reason_out("layers/core/dense_test.py::DenseTest::test_enable_lora", "", "")
    'quantization, float8, LoRA'
    """
    for rule in RULES:
        if re.search(rule.place, f"{place} {arguments}") or re.search(rule.text, text):
            return rule.reason
    return None
