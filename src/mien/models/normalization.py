"""Batch normalisation that trains fast on a CPU."""

from typing import Any

import keras
from keras import layers


@keras.saving.register_keras_serializable("mien")
class FusedBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]  # Keras tells no types
    """Keras's layer, trained by TensorFlow's fused kernel where TensorFlow is the backend.

    Keras 3 composes the layer of elementary float32 operations, which take much of a training step on a CPU. The fused
    kernel reads bfloat16 and knows its own gradient. Inference, other backends, other shapes than (N, H, W, C) and
    the layer's rarer options are Keras's.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise (N, H, W, C) over all axes but the last."""
        is_plain = self.scale and self.center and not self.renorm and not self.synchronized and mask is None
        is_fused = training and self.trainable and is_plain and len(inputs.shape) == 4 and self.axis in (-1, 3)
        if not is_fused or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow

        outputs, mean, unbiased_variance, *_ = tensorflow.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=self.moving_mean,
            variance=self.moving_variance,
            epsilon=self.epsilon,
            is_training=True,
        )
        num_pixels = tensorflow.cast(tensorflow.size(inputs) / inputs.shape[-1], "float32")
        variance = unbiased_variance * (num_pixels - 1) / num_pixels  # as Keras remembers it
        self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
        self.moving_variance.assign(self.moving_variance * self.momentum + variance * (1 - self.momentum))
        return outputs
