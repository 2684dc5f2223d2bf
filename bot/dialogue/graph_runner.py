"""Runs Rasa's graph in order, without a scheduler.

Rasa builds a dask graph anew for every parse and every prediction; for graphs of ten nodes that run one after the
other anyway, scheduling costs more than most nodes do (figures: docs/benchmarks.md)."""

from __future__ import annotations

from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner


class SequentialGraphRunner:
    """Has `run` like Rasa's own runner and uses the nodes that one has already loaded."""

    def __init__(self, loaded: DaskGraphRunner) -> None:
        self._schema: GraphSchema = loaded._graph_schema
        self._nodes: dict[str, GraphNode] = loaded._instantiated_nodes
        self._orders: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = {}

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """Results of `targets` by node name, from `inputs` by placeholder name."""
        wanted = tuple(targets or self._schema.target_names)
        order = self._orders.get(wanted)
        if order is None:
            order = self._orders[wanted] = self._order(wanted, set(inputs or {}))
        # A node takes (name, result) pairs, as dask's tasks hand them on.
        results: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        for name, needs in order:
            results[name] = self._nodes[name](*(results[need] for need in needs))
        return dict(results[name] for name in wanted)

    def _order(self, targets: tuple[str, ...], given: set[str]) -> list[tuple[str, tuple[str, ...]]]:
        schema = self._schema.minimal_graph_schema(list(targets))
        order: list[tuple[str, tuple[str, ...]]] = []
        done = set(given)
        waiting = dict(schema.nodes)
        while waiting:
            ready = [name for name, node in waiting.items() if all(need in done for need in node.needs.values())]
            if not ready:
                raise GraphRunError(f"the graph for {targets} waits for something that nobody gives")
            for name in ready:
                order.append((name, tuple(waiting.pop(name).needs.values())))
                done.add(name)
        return order
