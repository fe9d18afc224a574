#!/usr/bin/env python3
"""The burn-and-mint model (5 state variables x 365 steps) in NumPy, plain Python, radCAD and cadCAD,
and by `trellis-bench burn-and-mint` as a policy of the ledger. Prints steps in a second of CPU time
of one thread, and ratios. Each model: supply, price, demand, burned, emission."""
import argparse
import os
import subprocess
import time

import numpy as np

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

STEPS = 365
START = {"supply": 1e9, "price": 1.0, "demand": 1e5, "burned": 0.0, "emission": 3e5}
DECAY = 0.9995
GROWTH, DEMAND_NOISE, PRICE_NOISE = 0.0008, 0.02, 0.04


def step(supply, price, demand, burned, emission, z_demand, z_price):
    tokens = demand / price
    return (
        supply + emission - tokens,
        price * (1 + PRICE_NOISE * z_price),
        demand * (1 + GROWTH + DEMAND_NOISE * z_demand),
        burned + tokens,
        emission * DECAY,
    )


def numpy_runs(runs):
    random = np.random.default_rng(1)
    state = tuple(np.full(runs, value) for value in START.values())
    for _ in range(STEPS):
        state = step(*state, random.standard_normal(runs), random.standard_normal(runs))
    return state


def python_runs(runs):
    import random

    source = random.Random(1)
    for _ in range(runs):
        state = tuple(START.values())
        for _ in range(STEPS):
            state = step(*state, source.gauss(0, 1), source.gauss(0, 1))
    return state


def blocks():
    import random

    source = random.Random(1)

    def policy(params, substep, history, state, **_):
        names = list(START)
        values = step(*(state[n] for n in names), source.gauss(0, 1), source.gauss(0, 1))
        return dict(zip(names, values))

    def update(name):
        return lambda params, substep, history, state, signal, **_: (name, signal[name])

    return [{"policies": {"step": policy}, "variables": {name: update(name) for name in START}}]


def radcad_runs(runs, deepcopy=True):
    from radcad import Backend, Engine, Experiment, Model, Simulation

    model = Model(initial_state=dict(START), state_update_blocks=blocks(), params={})
    simulation = Simulation(model=model, timesteps=STEPS, runs=runs)
    experiment = Experiment(simulation)
    experiment.engine = Engine(backend=Backend.SINGLE_PROCESS, deepcopy=deepcopy)
    return experiment.run()


def cadcad_runs(runs):
    import contextlib
    import io

    from cadCAD.configuration import Experiment
    from cadCAD.configuration.utils import config_sim
    from cadCAD.engine import ExecutionContext, ExecutionMode, Executor

    with contextlib.redirect_stdout(io.StringIO()):
        experiment = Experiment()
        experiment.append_model(
            model_id="burn-and-mint",
            initial_state=dict(START),
            partial_state_update_blocks=blocks(),
            sim_configs=config_sim({"N": runs, "T": range(STEPS), "M": {"unused": [0]}}),
        )
        context = ExecutionContext(context=ExecutionMode().single_mode)
        return Executor(exec_context=context, configs=experiment.configs).execute()


def rate(function, runs):
    """Steps in a second of CPU time: the best of three."""
    best = 0.0
    for _ in range(3):
        before = time.process_time()
        function(runs)
        best = max(best, runs * STEPS / (time.process_time() - before))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", required=True, help="the trellis-bench program")
    arguments = parser.parse_args()
    printed = subprocess.run(
        [arguments.bench, "burn-and-mint"], check=True, capture_output=True, text=True
    ).stdout
    print(printed, end="")
    ours = {}
    for line in printed.splitlines():
        words = line.split()
        if len(words) == 4 and words[0] == "steps-per-second":
            ours[int(words[2])] = float(words[3])
    rows = [("NumPy", numpy_runs, 10_000), ("NumPy", numpy_runs, 100)]
    rows.append(("plain Python", python_runs, 100))
    try:
        import radcad  # noqa: F401

        rows.append(("radCAD", radcad_runs, 100))
        rows.append(("radCAD without deepcopy", lambda n: radcad_runs(n, False), 100))
    except ImportError:
        print("radCAD is not installed: not compared")
    try:
        import cadCAD  # noqa: F401

        rows.append(("cadCAD", cadcad_runs, 100))
    except ImportError:
        print("cadCAD is not installed: not compared")
    for name, function, runs in rows:
        theirs = rate(function, runs)
        mine = ours[runs]
        print(f"{name:<26}{runs:>7} runs {theirs:>14,.0f} steps/s   ours is {mine / theirs:8.2f} x")


if __name__ == "__main__":
    main()
