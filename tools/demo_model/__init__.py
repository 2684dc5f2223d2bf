"""The demo speech model: a small Vosk model that the project makes itself from synthetic speech.

It understands synthetic voices, for trying and testing; residents are served with an installed model.
"""

from .build import build_demo
from .graph import build_graph
from .speaker import demo_wav, speak_demo

__all__ = ["build_demo", "build_graph", "demo_wav", "speak_demo"]
