"""Saved states: what is written comes back, bit for bit, and nothing is lost on the way."""

import numpy as np
import pytest

from companion import AdaGrad, Adam, GradientDescent, RMSProp
from tests.bits import assert_same_bits


def trained(cls=Adam, dtype=np.float32, **kwargs):
    rng = np.random.default_rng(0)
    params = {"W": rng.standard_normal((4, 3)).astype(dtype), "b": [np.zeros(3, dtype)]}
    optimizer = cls(params, **kwargs)
    for seed in range(3):
        optimizer.step(gradients(seed, dtype))
    return optimizer


def gradients(seed, dtype=np.float32):
    rng = np.random.default_rng(seed)
    new = rng.standard_normal
    return {"W": new((4, 3)).astype(dtype), "b": [new(3).astype(dtype)]}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("cls", [GradientDescent, AdaGrad, Adam])
def test_a_run_goes_on_as_if_never_interrupted(tmp_path, cls, dtype):
    optimizer = trained(cls, dtype, lr=0.25)
    optimizer.save(tmp_path / "state.npz")
    params = {"W": optimizer.params["W"].copy(), "b": [optimizer.params["b"][0].copy()]}
    resumed = cls(params)
    resumed.load(tmp_path / "state.npz")
    assert (resumed.t, resumed.lr) == (3, 0.25)
    for o in (optimizer, resumed):
        o.step(gradients(9, dtype))
    assert_same_bits(resumed.params["W"], optimizer.params["W"])
    assert_same_bits(resumed.params["b"][0], optimizer.params["b"][0])


def test_a_state_dict_is_a_copy():
    optimizer = trained()
    saved = optimizer.state_dict()
    before = saved["state"]["r"]["W"].copy()
    optimizer.step(gradients(5))
    assert_same_bits(saved["state"]["r"]["W"], before)


def test_the_file_is_plain_numpy(tmp_path):
    trained().save(tmp_path / "state")
    with np.load(tmp_path / "state", allow_pickle=False) as file:
        assert set(file.files) == {"header", "s['W']", "s['b'][0]", "r['W']", "r['b'][0]"}


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "state.npz"
    optimizer = trained()
    optimizer.save(path)
    old = path.read_bytes()

    def disk_full(*_args, **_kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", disk_full)
    with pytest.raises(OSError, match="no space"):
        optimizer.save(path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_whoever_may_read_a_file_made_here_may_read_the_state(tmp_path):
    plain, path = tmp_path / "plain", tmp_path / "state.npz"
    plain.touch()
    trained().save(path)
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    trained().save(path)
    assert path.stat().st_mode & 0o777 == 0o640


SPOILED = {
    "rule": (lambda d: d | {"rule": "adagrad"},
             r"state_dict\['rule'\] is 'adagrad', wanted 'adam'"),
    "keys": (lambda _: {"t": 1}, "wanted a dict with the keys"),
    "list": (lambda d: [d], "wanted a dict with the keys"),
    "t": (lambda d: d | {"t": -1}, r"state_dict\['t'\] is -1, wanted an integer >= 0"),
    "lr": (lambda d: d | {"hyperparameters": d["hyperparameters"] | {"lr": -1}}, "lr=-1"),
    "missing": (lambda d: d | {"state": {"s": d["state"]["s"]}}, r"wanted the keys \['s', 'r'\]"),
    "shape": (lambda d: d | {"state": d["state"] | {"r": gradients(0) | {"W": np.ones(3, "f4")}}},
              r"state_dict\['state'\]\['r'\]\['W'\] has shape \(3,\), wanted \(4, 3\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILED)
def test_a_bad_state_dict_changes_nothing(case):
    spoil, message = SPOILED[case]
    optimizer = trained()
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(spoil(trained(lr=0.5).state_dict()))
    assert optimizer.t == before["t"]
    assert optimizer.lr == before["hyperparameters"]["lr"]
    assert_same_bits(optimizer.state["r"]["W"], before["state"]["r"]["W"])


def test_options_must_agree():
    inside = RMSProp(np.ones(2))
    outside = RMSProp(np.ones(2), eps_inside_root=False)
    with pytest.raises(ValueError, match="eps_inside_root"):
        outside.load_state_dict(inside.state_dict())


def test_files_that_are_something_else(tmp_path):
    optimizer = trained()
    (tmp_path / "text").write_text("no archive")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    trained(AdaGrad).save(tmp_path / "adagrad.npz")
    for name in ("text", "other.npz"):
        with pytest.raises(ValueError, match=r"is not a file written by Optimizer\.save"):
            optimizer.load(tmp_path / name)
    with pytest.raises(ValueError, match="wanted"):
        optimizer.load(tmp_path / "adagrad.npz")
    with pytest.raises(FileNotFoundError):
        optimizer.load(tmp_path / "none")
    assert optimizer.t == 3
