"""One side of `bench_inspection`: makes a heatmap when told to, and says how long that took.

    python inspection_worker.py SIDE NETWORK METHOD

Runs in the workbench's environment (SIDE `workbench`) or in that of the peers (`tf_keras_vis`, `xplique`). Answers each
line of standard input with one JSON line: `go SECONDS` repeats the method for so long, `end` gives the peak of memory.
"""

import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

TARGET = 7
CLASSES = 1000
LAYERS = {"MobileNetV2": "out_relu", "ResNet50": "conv5_block3_out"}
SAMPLES = 50
PATCH, STRIDE = 15, 8
MAPS = 256  # of the layer that Score-CAM tries, those that vary most; each costs the same


def network(name: str) -> tuple[Any, Any]:
    """The network with random weights and its logits as output, and a picture for it; the same on every side."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(weights=None, classes=CLASSES, classifier_activation=None)
    picture = np.random.default_rng(0).uniform(0, 1, (1, 224, 224, 3)).astype(np.float32)
    return model, picture


def workbench(name: str, method: str) -> Callable[[], Any]:
    """The inspector as the window and the command line ask it."""
    import numpy as np

    from workbench.inspection.inspector import Question
    from workbench.inspection.loaded import OpenModel
    from workbench.registry import registry
    from workbench.runs.model_file import LoadedModel
    from workbench.specs import ClassTarget, ImageInput

    model, picture = network(name)
    names = tuple(str(number) for number in range(CLASSES))
    opened = OpenModel(LoadedModel(model, None, ImageInput(224, 224, 3), ClassTarget(names), "classification"), None)
    settings = {
        "grad_cam": {"layer": LAYERS[name]},
        "smooth_grad": {"samples": SAMPLES},
        "integrated_gradients": {"steps": SAMPLES},
        "score_cam": {"layer": LAYERS[name], "channels": MAPS},
        "occlusion": {"size": PATCH, "stride": STRIDE},
    }[method]
    inspector = registry().inspectors.get(method)
    params = inspector.section.model_validate({"target": str(TARGET), **settings})
    shown = np.zeros((224, 224, 3), np.uint8)
    question = Question(opened, picture, (shown,), ("",), params, names, opened.decode)
    return lambda: inspector.inspect(model, question)


def xplique(name: str, method: str) -> Callable[[], Any]:
    """As its documentation says, with its default batch sizes."""
    import tensorflow as tf
    from xplique.attributions import GradCAM, IntegratedGradients, Occlusion, SmoothGrad

    model, picture = network(name)
    target = tf.one_hot([TARGET], CLASSES)
    explainer = {
        "grad_cam": lambda: GradCAM(model, conv_layer=LAYERS[name]),
        "smooth_grad": lambda: SmoothGrad(model, nb_samples=SAMPLES),
        "integrated_gradients": lambda: IntegratedGradients(model, steps=SAMPLES),
        "occlusion": lambda: Occlusion(model, patch_size=PATCH, patch_stride=STRIDE, occlusion_value=0.5),
    }[method]()
    return lambda: explainer(picture, target).numpy()


def tf_keras_vis(name: str, method: str) -> Callable[[], Any]:
    """As its documentation says."""
    import keras
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.scores import CategoricalScore

    keras.utils.disable_interactive_logging()
    model, picture = network(name)
    score = CategoricalScore([TARGET])
    layer = {"penultimate_layer": LAYERS[name], "seek_penultimate_conv_layer": False}
    # Made once: what is compiled for a picture serves the next one.
    explainer = {"grad_cam": Gradcam, "smooth_grad": Saliency, "score_cam": Scorecam}[method](model)
    settings = {
        "grad_cam": layer,
        "smooth_grad": {"smooth_samples": SAMPLES},
        "score_cam": {**layer, "max_N": MAPS},
    }[method]
    return lambda: explainer(score, picture, **settings)


SIDES = {
    "workbench": (workbench, ("grad_cam", "smooth_grad", "integrated_gradients", "score_cam", "occlusion")),
    "xplique": (xplique, ("grad_cam", "smooth_grad", "integrated_gradients", "occlusion")),
    "tf_keras_vis": (tf_keras_vis, ("grad_cam", "smooth_grad", "score_cam")),
}


def main() -> None:
    """Answer until told to end."""
    side, name, method = sys.argv[1:]
    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr

    def tell(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    call = SIDES[side][0](name, method)
    call()
    call()
    tell(ready=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "end":
            break
        calls, start = 0, time.perf_counter()
        while not calls or time.perf_counter() - start < float(words[1]):
            call()
            calls += 1
        tell(seconds=(time.perf_counter() - start) / calls)
    scale = 1 if sys.platform == "darwin" else 1024
    tell(peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale)


if __name__ == "__main__":
    main()
